//! The deployed template.

use aws::{Aws, LakeBucket, Secret};
use event::Pseudonymizer;
use lake::{LakeFile, LakeStore};
use rondo_tests::{Endpoint, KEY, State, Stores, Workload, config, fresh_name, python};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How many people the workload has.
pub const PEOPLE: u64 = 1_200;

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
        Secret::new(&self.aws, self.output("HashKeySecret")).get().await.unwrap().to_vec()
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
        let browsers = Workload::ending(0, 0, PEOPLE).browsers(&Pseudonymizer::new(&self.hash_key().await));
        let stores = Stores {
            profiles: self.output("ProfilesTable"),
            ledger: self.output("LedgerTable"),
            caps: self.output("CapsTable"),
            data: self.output("DataBucket"),
            quarantine: self.output("QuarantineBucket"),
            vault_key: Some(self.output("VaultKey")),
        };
        stores.state(&self.aws, &browsers).await
    }

    fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("the stack has no output {name}: {:?}", self.outputs))
    }
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
