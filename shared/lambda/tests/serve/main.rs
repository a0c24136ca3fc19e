//! A function against a scripted runtime API: what it answers, logs and counts. The function is this test program,
//! started once more with the variables that Lambda sets.
#![cfg(feature = "runtime")]

mod runtime_api;

use lambda::{Environment, Failure, Invocation, start};
use runtime_api::RuntimeApi;
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// The function. It answers by what its event is.
async fn answer(event: Invocation) -> Result<Value, Failure> {
    #[derive(serde::Deserialize)]
    struct Wish {
        wish: String,
    }
    let wish: Wish = event.read("a wish")?;
    match wish.wish.as_str() {
        "panic" => panic!("ann@example.com"),
        wish => {
            tracing::info!(length = wish.len(), "a wish");
            metrics::counter!("Wishes").increment(2);
            Ok(json!({"granted": wish}))
        }
    }
}

/// Does nothing where no test started it.
#[test]
fn function() {
    let settings = Environment::of_process();
    if settings.optional(lambda::Variable { name: "AWS_LAMBDA_RUNTIME_API", holds: "an address" }).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let function = start(env!("CARGO_CRATE_NAME"), &settings).unwrap();
    // Ends with an error once the scripted API hangs up.
    runtime.block_on(function.serve(async |event, _| answer(event).await)).unwrap_err();
}

/// Hands these events to the function; returns what it posted for each, by path, and its lines of JSON.
fn invoke(events: &[&str]) -> (Vec<(String, Value)>, Vec<Value>) {
    let api = RuntimeApi::start(events);
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "function", "--nocapture"]);
    program.env("AWS_LAMBDA_RUNTIME_API", &api.address).env("AWS_LAMBDA_FUNCTION_NAME", "grant-wishes");
    program.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128").env("AWS_LAMBDA_FUNCTION_VERSION", "1");
    program.env_remove("RUST_LOG").env("METRICS_NAMESPACE", "Test");
    let output = program.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("ann@") && !String::from_utf8(output.stderr).unwrap().contains("ann@"), "{text}");
    // A line of the test program may stand before one of the function.
    let json = text.lines().filter_map(|line| serde_json::from_str(&line[line.find('{')?..]).ok());
    let lines = json.collect();
    (api.posted(), lines)
}

#[test]
fn it_answers_and_reports_errors() {
    let (posted, lines) = invoke(&[r#"{"wish":"tea"}"#, r#"{"wish":"panic"}"#, r#""ann@example.com""#]);
    let paths: Vec<&str> = posted.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["0/response", "1/error", "2/error"]);
    assert_eq!(posted[0].1, json!({"granted": "tea"}));
    assert_eq!(posted[1].1["errorType"], "Panicked");
    assert_eq!(posted[2].1["errorType"], "InvocationError");
    let message = posted[2].1["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("the event is not a wish: "), "{message}");

    let (metrics, logs): (Vec<&Value>, Vec<&Value>) =
        lines.iter().partition(|line| line.get("_aws").is_some());
    let told: Vec<_> =
        logs.iter().map(|log| (log["level"].as_str().unwrap(), &log["span"]["request_id"])).collect();
    let ids = [json!("0"), json!("1"), json!("2")];
    let expected = [("INFO", &ids[0]), ("ERROR", &ids[1]), ("ERROR", &ids[1]), ("ERROR", &ids[2])];
    assert_eq!(told, expected, "{logs:?}");
    assert_eq!((&logs[0]["message"], &logs[0]["length"]), (&json!("a wish"), &json!(3)));
    assert!(logs[1]["place"].as_str().unwrap().contains("serve/main.rs:"), "{logs:?}");

    // A line for the invocation that counted something.
    let counted: Vec<_> = metrics.iter().map(|line| &line["Wishes"]).collect();
    assert_eq!(counted, [&json!(2)]);
    assert_eq!(metrics[0]["Function"], "grant-wishes");
    let declared = &metrics[0]["_aws"]["CloudWatchMetrics"][0];
    assert_eq!((&declared["Namespace"], &declared["Dimensions"]), (&json!("Test"), &json!([["Function"]])));
}
