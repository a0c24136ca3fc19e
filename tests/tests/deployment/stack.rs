//! The deployed template.

use crate::state::State;
use crate::workload::Workload;
use aws::{Aws, LakeBucket, LedgerTable, People, QuarantineBucket, Secrets};
use config::Files;
use event::{Identifier, IdentifierKind, Pseudonymizer};
use lake::{LakeFile, LakeStore};
use parquet::file::reader::ChunkReader;
use person::IdentityStore;
use rondo_tests::{Endpoint, fresh_name, python};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

/// The write key of the source `web`.
pub const KEY: &str = "deployment-test";

const SETTINGS: &str = "\
name: Deployment
sender: { name: Shop, address: hello@shop.example }
unsubscribe_url: https://shop.example/stop
lateness: 1m
global_holdout: 0.1
write_keys:
  # printf deployment-test | sha256sum
  web: \"sha256:@DIGEST@\"
";

/// Sent at once, and asks for nothing but the event itself.
const THANKS: &str = "\
name: thanks
lane: service
entry:
  event: Order Completed
  key: event.properties.order_id
  keep: [order_id, total]
steps:
  - send: note
    subject: Your order {{ kept.order_id }}
    template: thanks.html
";

/// Waits until everything has come in: a purchase that came late ends it all the same.
const REMINDER: &str = "\
name: reminder
entry:
  event: Product Viewed
  when: event.properties.dwell_ms >= 20000
  key: event.properties.product_id
  keep: [name]
cancel_on:
  - event: Order Completed
    key: event.properties.products.map(p, p.product_id)
steps:
  - wait: 4m
  - send: reminder
    subject: Still thinking about {{ kept.name }}?
    template: reminder.html
";

/// The configuration of both sides.
pub fn config_files() -> [(&'static str, String); 5] {
    [
        ("settings.yaml", SETTINGS.replace("@DIGEST@", DIGEST)),
        ("campaigns/thanks.yaml", THANKS.to_owned()),
        ("campaigns/reminder.yaml", REMINDER.to_owned()),
        ("templates/thanks.html", "<p>Thank you, {{ person.first_name | default('dear') }}!</p>".to_owned()),
        (
            "templates/reminder.html",
            "<p>{{ kept.name }} is still here.</p><a href=\"{{ unsubscribe_url }}\">stop</a>".to_owned(),
        ),
    ]
}

/// SHA-256 of [`KEY`].
const DIGEST: &str = "c06ab3650db33bfa7b7862ed47ddff242a22fb1eb78cd7c04a020544de8c8472";

pub fn config() -> Files {
    let mut files = Files::default();
    config_files().into_iter().for_each(|(path, text)| files.insert(path, text));
    files
}

/// UTC ms.
#[allow(clippy::disallowed_methods)] // the wall clock, by which the deployed functions run
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

pub struct Stack {
    aws: Aws,
    endpoint: &'static Endpoint,
    outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Deploys `template.yaml` with the programs of this build.
    pub fn deploy(endpoint: &'static Endpoint, bus: &str) -> Stack {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let output = Command::new(python().unwrap_or_else(|error| panic!("{error}")))
            .arg(root.join("tests/deployment/deploy.py"))
            .args(["--endpoint", endpoint.url(), "--bus", bus, "--window", "2"])
            .args(["--stack", &fresh_name(bus)])
            .arg("--binaries")
            .arg(programs())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "deploying by {bus}:\n{errors}");
        let outputs = serde_json::from_slice(&output.stdout).expect("the outputs as JSON");
        let aws = pollster::block_on(Aws::local(endpoint.url(), None));
        Stack { aws, endpoint, outputs }
    }

    pub async fn put_config(&self) {
        let bucket = LakeBucket::new(&self.aws, self.output("ConfigBucket"));
        let file = LakeFile { path: "config.json".into(), bytes: config().to_bundle() };
        LakeStore::put(&bucket, &file).await.unwrap();
    }

    pub async fn hash_key(&self) -> Vec<u8> {
        Secrets::new(&self.aws).get(self.output("HashKeySecret")).await.unwrap()
    }

    /// Sends all requests to the function URL, several at a time; one that is answered otherwise than 200 is sent
    /// again, as sources do.
    pub fn send(&self, workload: &Workload) {
        let (bodies, next) = (workload.bodies(), AtomicUsize::new(0));
        let host = self.output("CollectUrl").trim_start_matches("http://").trim_start_matches("https://");
        let host = host.split('/').next().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.post(host, body);
                    }
                });
            }
        });
    }

    fn post(&self, host: &str, body: &str) {
        let mut last = String::new();
        for attempt in 0..10 {
            let answer = ureq::post(format!("{}/v1/import", self.endpoint.url()))
                .header("host", host)
                .header("x-write-key", KEY)
                .header("content-type", "application/json")
                .send(body);
            match answer {
                Ok(_) => return,
                Err(error) => last = error.to_string(),
            }
            std::thread::sleep(Duration::from_millis(200 << attempt.min(4)));
        }
        panic!("a request was refused ten times: {last}");
    }

    /// Reads the state until `done`, then until it stands still.
    pub fn wait(&self, runtime: &Runtime, end: Instant, done: impl Fn(&State) -> bool) -> State {
        loop {
            let state = runtime.block_on(self.state());
            if done(&state) {
                return state;
            }
            let (events, rows, entries) = (state.events(), state.lake.len(), state.ledger.len());
            let log = self.endpoint.log().map_or_else(String::new, |log| log.display().to_string());
            assert!(
                Instant::now() < end,
                "not all came through: {events} events in profiles, {rows} in the lake, {entries} in the ledger; the \
                 endpoint's log is {log}"
            );
            std::thread::sleep(Duration::from_secs(2));
        }
    }

    async fn state(&self) -> State {
        let mut state = State::default();
        let people = People::new(&self.aws, self.output("ProfilesTable"));
        people.each_profile(|person, _, blob| state.profile(person, blob)).await.unwrap();
        state.owners = people.owners(&self.browsers().await).await.unwrap();
        let ledger = LedgerTable::new(&self.aws, self.output("LedgerTable"), self.output("CapsTable"));
        ledger.each_entry(|entry| drop(state.ledger.insert(entry.action, entry))).await.unwrap();
        let quarantine = QuarantineBucket::new(&self.aws, self.output("QuarantineBucket"));
        quarantine.each(|record| state.quarantined(record)).await.unwrap();
        let lake = LakeBucket::new(&self.aws, self.output("DataBucket"));
        for path in lake.list(lake::EVENTS).await.unwrap() {
            read_lake(&path, LakeStore::open(&lake, &path).await.unwrap(), &mut state);
        }
        state
    }

    async fn browsers(&self) -> Vec<Identifier> {
        let pseudonymizer = Pseudonymizer::new(&self.hash_key().await);
        let browsers = Workload::starting(0, 0);
        browsers.browsers().map(|id| pseudonymizer.identifier(IdentifierKind::Anonymous, &id)).collect()
    }

    fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("the stack has no output {name}: {:?}", self.outputs))
    }
}

/// Adds the events of a file of the lake.
pub fn read_lake<R: ChunkReader + 'static>(path: &str, file: R, state: &mut State) {
    lake::replay(path, file, |archived| {
        let mut wire = Vec::new();
        archived.event.encode(&mut wire);
        state.lake.insert(wire);
    })
    .unwrap();
}

/// Where the build put the functions' programs.
fn programs() -> PathBuf {
    // <target>/<profile>/deps/deployment-<hash>
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    let program = folder.join("collect-events");
    assert!(
        program.is_file(),
        "{} is not there; build the workspace first: cargo build --workspace",
        program.display()
    );
    folder
}
