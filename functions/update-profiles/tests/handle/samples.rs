//! The sample invocations in `events/update-profiles`: real-shaped, with real envelopes in them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::{Arrival, Event, Parser, ParserSettings, Pseudonymizer, encode_envelopes};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::PathBuf;

/// An anonymous visit, the sign-in that says whose it was, an order, and somebody else.
pub const RECORDS: [[&str; 2]; 3] = [
    [
        r#"{"type":"page","messageId":"ev-1","anonymousId":"anon-1","timestamp":"2026-11-22T10:00:00Z"}"#,
        r#"{"type":"track","event":"Product Viewed","messageId":"ev-2","anonymousId":"anon-1",
            "timestamp":"2026-11-22T10:00:20Z","properties":{"product_id":"sku-1","price":12.5}}"#,
    ],
    [
        r#"{"type":"identify","messageId":"ev-3","anonymousId":"anon-1","userId":"user-1",
            "timestamp":"2026-11-22T10:01:00Z","traits":{"plan":"gold"}}"#,
        r#"{"type":"track","event":"Order Completed","messageId":"ev-4","userId":"user-1",
            "timestamp":"2026-11-22T10:05:00Z","properties":{"order_id":"o-1","revenue":12.5,"currency":"EUR"}}"#,
    ],
    [
        r#"{"type":"track","event":"Product Viewed","messageId":"ev-5","userId":"user-2",
            "timestamp":"2026-11-22T10:02:00Z","properties":{"product_id":"sku-1","price":12.5}}"#,
        r#"{"type":"track","event":"Product Viewed","messageId":"ev-6","userId":"user-2",
            "timestamp":"2026-11-22T10:03:00Z","properties":{"product_id":"sku-2","price":99}}"#,
    ],
];

/// The events of the samples, an envelope's together.
pub fn events() -> Vec<Vec<Event<'static>>> {
    let parser = Parser::new(Pseudonymizer::new(b"sample key"), ParserSettings::default());
    // 2026-11-22T10:06:00Z
    let arrival = Arrival::Recorded { now: 1_795_341_960_000 };
    let parse = |record: &&'static str| parser.parse(record.as_bytes(), "web", arrival).unwrap().event;
    RECORDS.iter().map(|records| records.iter().map(parse).collect()).collect()
}

/// What `events/update-profiles` holds.
fn all() -> Vec<(&'static str, Value)> {
    let envelopes: Vec<Vec<u8>> = events().iter().flat_map(encode_envelopes).collect();
    let good: Vec<String> = envelopes.iter().map(|envelope| STANDARD.encode(envelope)).collect();
    let mut damaged = good.clone();
    damaged[1] = STANDARD.encode(&envelopes[1][..envelopes[1].len() - 7]);
    let mut poison = good.clone();
    poison[1] = r#"{"type":"track","event":"Not for this queue"}"#.to_owned();
    vec![
        ("kinesis", records(&good, kinesis)),
        ("sqs", records(&good, sqs)),
        ("kinesis-damaged-envelope", records(&damaged, kinesis)),
        ("sqs-body-not-base64", records(&poison, sqs)),
    ]
}

fn records(bodies: &[String], record: fn(usize, &str) -> Value) -> Value {
    json!({"Records": bodies.iter().enumerate().map(|(n, body)| record(n, body)).collect::<Vec<_>>()})
}

fn kinesis(n: usize, data: &str) -> Value {
    let sequence = sequence_number(n);
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": format!("7d70b0ce{n}"), "sequenceNumber": sequence,
            "data": data, "approximateArrivalTimestamp": 1_795_341_960.25 + n as f64,
        },
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-000000000006:{sequence}"),
        "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::123456789012:role/update-profiles",
        "awsRegion": "eu-west-1", "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/rondo-events",
    })
}

fn sqs(n: usize, body: &str) -> Value {
    json!({
        "messageId": message_id(n), "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a", "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1", "SentTimestamp": "1795341960250", "SenderId": "AROAEXAMPLE:collect-events",
            "ApproximateFirstReceiveTimestamp": "1795341960950",
        },
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:rondo-profiles",
    })
}

pub fn sequence_number(n: usize) -> String {
    format!("4959033827149025660855969253836157109592157598913658{:04}", 8_898 + n)
}

pub fn message_id(n: usize) -> String {
    format!("059f36b4-87a3-44ab-83d2-66197583{:04}", 100 + n)
}

fn path(case: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../events/update-profiles")
        .join(format!("{case}.json"))
}

/// A sample as Lambda would decode it.
pub fn sample<T: DeserializeOwned>(case: &str) -> T {
    serde_json::from_slice(&std::fs::read(path(case)).unwrap()).unwrap()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test has no edge at which settings are read")]
fn samples_are_what_this_release_makes_of_their_events() {
    let update = std::env::var("UPDATE_SAMPLES").is_ok_and(|value| value == "1");
    for (case, made) in all() {
        if update {
            std::fs::write(path(case), serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
        }
        let file: Value = sample(case);
        assert_eq!(file, made, "{case}.json: run the test with UPDATE_SAMPLES=1 if the change is meant");
    }
}
