//! The counted run: what functions call on AWS is counted as AWS would bill it.

use serde_json::Value;
use std::process::Command;

/// The counts of a run, by the example that makes them; Cargo builds it beside the tests.
fn counted(arguments: &[&str]) -> Value {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join("examples/count_calls");
    assert!(program.exists(), "{} is missing: run `cargo test` without choosing a target", program.display());
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The sum of a field over the calls of a function's operation.
fn sum(counts: &Value, function: &str, operation: &str, field: &str) -> f64 {
    let calls = counts["functions"][function]["calls"].as_array().unwrap();
    calls.iter().filter(|call| call["operation"] == operation).map(|call| call[field].as_f64().unwrap()).sum()
}

#[test]
fn visits_with_a_campaign_are_counted_from_request_to_mail() {
    let counts = counted(&["visits", "--events", "400", "--campaign", "cart-abandonment"]);
    let function = |name: &str, field: &str| counts["functions"][name][field].as_f64().unwrap();
    let requests = function("collect-events", "invocations");
    assert!((100.0..400.0).contains(&requests), "{requests} requests for 400 events");
    // Every envelope is small, and one payload unit; update-profiles and archive-events get each of them.
    let put = sum(&counts, "collect-events", "PutRecords", "units");
    let reported = sum(&counts, "deliver-messages", "PutRecords", "units");
    assert!(put >= requests);
    assert_eq!(function("update-profiles", "records"), put + reported);
    assert_eq!(function("archive-events", "records"), put + reported);
    // Each profile write is a put, or one in a transaction, and is paid for.
    let writes = counts["profile_writes"].as_f64().unwrap();
    let puts = sum(&counts, "update-profiles", "PutItem", "calls");
    let transactions = sum(&counts, "update-profiles", "TransactWriteItems", "calls");
    assert_eq!(writes, puts + transactions);
    assert!(sum(&counts, "update-profiles", "PutItem", "write_units") >= puts);
    assert!(counts["journey_writes"].as_f64().unwrap() > 0.0);
    // An idle minute looks into eight shards of timers and of held actions.
    let idle = counts["idle"]["fire-timers"]["calls"].as_array().unwrap();
    assert_eq!(idle.iter().map(|call| call["calls"].as_u64().unwrap()).collect::<Vec<_>>(), [8, 8]);
}

#[test]
fn a_queue_is_a_bus_as_well() {
    let counts = counted(&["visits", "--events", "200", "--bus", "sqs", "--campaign", "none"]);
    let published = sum(&counts, "collect-events", "PublishBatch", "items");
    assert_eq!(counts["functions"]["update-profiles"]["records"].as_f64().unwrap(), published);
    assert_eq!(sum(&counts, "update-profiles", "PutRecords", "calls"), 0.0);
}
