//! How long a function's program takes to start and to answer its first event, and how large it is zipped.
//!
//! ```sh
//! cargo build --profile dist
//! cargo run -p rondo-tests --example start_up -- target/dist
//! ```
//!
//! A program is started against a scripted runtime API, with a local endpoint for AWS, and the clock runs from the
//! start of the process: until it asks for the first event, and from there until it has answered it. An answer takes in
//! what the first event has to fetch (configuration, secret) over plain HTTP. The median of many starts; run it on a
//! quiet machine.

mod runtime_api;

use aws::{Aws, create_tables};
use flate2::{Compression, write::DeflateEncoder};
use rondo_tests::{Endpoint, KEY, config, fresh_name, other_client};
use runtime_api::RuntimeApi;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const STARTS: usize = 21;
const FUNCTIONS: [(&str, &str); 8] = [
    ("collect-events", "batch-with-bad-records"),
    ("import-data", "inbox"),
    ("update-profiles", "kinesis"),
    ("archive-events", "kinesis"),
    ("evaluate-triggers", "stream"),
    ("fire-timers", "schedule"),
    ("deliver-messages", "send-coupon"),
    ("build-reports", "schedule"),
];

/// Buckets, stream, queues, secret: what the programs find under the names of their settings.
const SETUP: &str = "\
name = arguments[0]
for bucket in ('data', 'quarantine', 'config'): client('s3').create_bucket(Bucket=f'{name}-{bucket}')
client('s3').put_object(Bucket=f'{name}-config', Key='config.json', Body=arguments[1])
client('kinesis').create_stream(StreamName=name, ShardCount=1)
client('secretsmanager').create_secret(Name=name, SecretString='not a secret')
queues = [client('sqs').create_queue(QueueName=f'{name}-{kind}')['QueueUrl'] for kind in ('service', 'marketing', 'due')]
print('\\n'.join(queues))";

fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the programs, for example target/dist");
    let endpoint = Endpoint::ministack();
    let settings = settings(endpoint);
    println!("{:<18} {:>9} {:>9} {:>10} {:>10}", "", "zipped MB", "/next ms", "answer ms", "in all ms");
    for (function, sample) in FUNCTIONS {
        let program = Path::new(&folder).join(function);
        if !program.is_file() {
            println!("{function:<18} is not built");
            continue;
        }
        let zipped = zipped(&std::fs::read(&program).expect("a built program"));
        let event = format!("{}/../events/{function}/{sample}.json", env!("CARGO_MANIFEST_DIR"));
        // The sample's write key is not the one that is configured.
        let event = std::fs::read_to_string(event).unwrap().replace("demo-key", KEY);
        let (mut next, mut answered) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let (asked, replied) = start(&program, function, &settings, &event);
            next.push(asked);
            answered.push(replied);
        }
        let (next, answered) = (median(next), median(answered));
        let all = next + answered;
        println!("{function:<18} {zipped:>9.2} {next:>9.1} {answered:>10.1} {all:>10.1}");
    }
}

fn settings(endpoint: &Endpoint) -> Vec<(&'static str, String)> {
    let name = fresh_name("start");
    let tables = block_on(async {
        let aws = Aws::local(endpoint.url(), None).await;
        create_tables(&aws, &name).await.unwrap()
    });
    let bundle = String::from_utf8(config().to_bundle()).unwrap();
    let queues = other_client(endpoint, SETUP, &[&name, &bundle]);
    let [service, marketing, due] = queues.lines().collect::<Vec<_>>().try_into().expect("three queues");
    vec![
        ("PROFILES_TABLE", tables.profiles),
        ("JOURNEYS_TABLE", tables.journeys),
        ("TIMERS_TABLE", tables.timers),
        ("HELD_TABLE", tables.held),
        ("LEDGER_TABLE", tables.ledger),
        ("CAPS_TABLE", tables.caps),
        ("VAULT_TABLE", tables.vault),
        ("QUALITY_TABLE", tables.quality),
        ("DATA_BUCKET", format!("{name}-data")),
        ("QUARANTINE_BUCKET", format!("{name}-quarantine")),
        ("PRIVACY_BUCKET", format!("{name}-privacy")),
        ("CONFIG_BUCKET", format!("{name}-config")),
        ("HASH_KEY_SECRET", name.clone()),
        ("VAULT_KEY", name.clone()),
        ("BUS_STREAM", name),
        ("SERVICE_QUEUE", service.to_owned()),
        ("MARKETING_QUEUE", marketing.to_owned()),
        ("DUE_QUEUE", due.to_owned()),
        ("AWS_ENDPOINT_URL", endpoint.url().to_owned()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", "test".into()),
        ("AWS_SECRET_ACCESS_KEY", "test".into()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".into()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
    ]
}

/// One start: until the first event is asked for, and from then until it is answered.
fn start(program: &Path, function: &str, settings: &[(&str, String)], event: &str) -> (Duration, Duration) {
    let api = RuntimeApi::listen();
    let mut command = Command::new(program);
    command.env_clear().envs(settings.iter().map(|(name, value)| (name, value)));
    command.env("AWS_LAMBDA_RUNTIME_API", api.address()).env("AWS_LAMBDA_FUNCTION_NAME", function);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    let began = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut caller = api.accept();
    caller.await_next();
    let asked = began.elapsed();
    caller.answer_next(event);
    let answer = caller.await_answer();
    let replied = began.elapsed() - asked;
    child.kill().unwrap();
    child.wait().unwrap();
    // A request is answered with a status, whatever became of it.
    let taken =
        answer.as_ref().is_ok_and(|body| !body.contains("statusCode") || body.contains("\"statusCode\":200"));
    assert!(taken, "{function} failed: {answer:?}");
    (asked, replied)
}

/// Megabytes of the program within a zip file, about.
fn zipped(program: &[u8]) -> f64 {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(program).unwrap();
    encoder.finish().unwrap().len() as f64 / 1e6
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
