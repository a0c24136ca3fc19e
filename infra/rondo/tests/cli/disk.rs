//! Disks that fail under a running server.

use crate::rondo::{Run, output, run, write};
use crate::server::{KEY, Server, arguments};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

fn profile(data: &Path, id: &str) -> Value {
    serde_json::from_str(&output(data, &["profile", id, "--json"])).unwrap()
}

/// Starts a server whose files can't pass so many bytes, as if the disk were full there, and sends batches until
/// some are not taken. Returns how many events were acknowledged, how many may have been, and how it ended.
fn fill(data: &Path, bytes: usize, batch: impl Fn(usize) -> Vec<Value>) -> (usize, usize, Run) {
    let mut limited = std::process::Command::new("sh");
    // In blocks of 512 bytes; without the trap the limit would kill.
    limited.arg("-c").arg(format!(r#"trap "" XFSZ; ulimit -f {}; exec "$0" "$@""#, bytes / 512));
    limited.arg(env!("CARGO_BIN_EXE_rondo")).args(arguments(data));
    let server = Server::from(limited);
    let (mut acknowledged, mut tried, mut failures) = (0, 0, 0);
    while failures < 3 {
        assert!(tried < 100_000, "the limit is never reached");
        let batch = batch(tried);
        tried += batch.len();
        let body = json!({"batch": &batch}).to_string();
        match server.try_request("POST", "/v1/batch", &[("X-Write-Key", KEY)], body.as_bytes()) {
            Some(answer) if answer.status == 200 => acknowledged += batch.len(),
            Some(answer) => {
                assert!([500, 503].contains(&answer.status), "{answer:?}");
                failures += 1;
            }
            None => failures += 1,
        }
    }
    let ended = server.stop();
    assert!(!ended.err.contains("p-1"), "what was sent stays out of the log");
    (acknowledged, tried, ended)
}

#[test]
fn a_full_disk_under_the_log_refuses_and_loses_nothing() {
    let data = tempdir().unwrap();
    let (acknowledged, tried, ended) = fill(data.path(), 3_000_000, |first| {
        let event = |n: usize| {
            json!({
                "type": "track", "event": "Product Viewed", "userId": "ann-1", "messageId": format!("m-{n}"),
                "properties": {"product_id": "p-1", "text": "x".repeat(20_000)},
            })
        };
        (first..first + 20).map(event).collect()
    });
    assert!(ended.err.contains("was answered 500: the bus log failed: "), "{}", ended.err);
    let counted =
        profile(data.path(), "ann-1")["counters"]["Product Viewed"]["total"].as_u64().unwrap() as usize;
    assert!(
        (acknowledged..=tried).contains(&counted),
        "{acknowledged} of {tried} acknowledged, {counted} counted"
    );
}

#[test]
fn a_full_disk_under_the_store_ends_it_and_loses_nothing() {
    let data = tempdir().unwrap();
    let (acknowledged, tried, ended) = fill(data.path(), 2_200_000, |first| {
        let event = |n: usize| {
            json!({
                "type": "track", "event": "Product Viewed", "userId": format!("user-{n}"), "messageId": format!("m-{n}"),
                "properties": {"product_id": "p-1"},
            })
        };
        (first..first + 500).map(event).collect()
    });
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
    assert!(ended.err.contains("stopped; nothing that was acknowledged is lost"), "{}", ended.err);
    assert_eq!(run(Some(data.path()), &["report"]).code, 0);
    let report = fs::read_to_string(data.path().join("reports/latest/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let counted = report["totals"]["people"].as_u64().unwrap() as usize;
    assert!(
        (acknowledged..=tried).contains(&counted),
        "{acknowledged} of {tried} acknowledged, {counted} counted"
    );
}

#[test]
fn a_lake_that_fails_ends_it_with_an_error() {
    let data = tempdir().unwrap();
    write(data.path(), &[("lake/events", "in the way")]);
    let server = Server::start(data.path());
    assert_eq!(server.post("/v1/track", r#"{"userId":"u-1","event":"Signed Up"}"#).status, 200);
    assert_eq!(server.request("GET", "/", &[], b"").status, 500);
    let ended = server.stop();
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("nothing that was acknowledged is lost"), "{}", ended.err);
    assert!(ended.err.contains("the lake failed: "), "{}", ended.err);

    fs::remove_file(data.path().join("lake/events")).unwrap();
    let server = Server::start(data.path());
    let json = server.request("GET", "/", &[], b"");
    assert_eq!(json.status, 200);
    assert_eq!(server.stop().code, 0);
    assert_eq!(profile(data.path(), "u-1")["events"], 1);
}
