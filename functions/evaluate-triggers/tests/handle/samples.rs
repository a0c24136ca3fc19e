//! The sample invocations in `events/evaluate-triggers`, and how such invocations are made.

use aws_lambda_events::dynamodb;
use aws_lambda_events::sqs::SqsEvent;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use evaluate_triggers::Image;
use event::{Event, HOUR, Identifier, IdentifierKind, Identifiers, Key, encode_envelopes};
use person::{Blob, Profile};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::PathBuf;

/// 2026-11-22T10:00:00Z.
pub const T0: i64 = 1_795_341_600_000;
/// Three people, by their first byte.
pub const ANN: Key = Key([0xa1; 16]);
pub const BOB: Key = Key([0xb2; 16]);
pub const VISITOR: Key = Key([0xc3; 16]);

pub fn event(id: &str, name: &'static str, person: Key, properties: &str, at: i64) -> Event<'static> {
    let kind = if person == VISITOR { IdentifierKind::Anonymous } else { IdentifierKind::User };
    let mut identifiers = Identifiers::default();
    identifiers.insert(Identifier { kind, key: person });
    Event::reported(id.to_owned(), name, identifiers, at, properties.to_owned(), "web")
}

pub fn view(id: &str, person: Key, product: &str, at: i64) -> Event<'static> {
    event(id, "Product Viewed", person, &format!(r#"{{"product_id":"{product}","price":12.5}}"#), at)
}

pub fn buy(id: &str, person: Key, product: &str, at: i64) -> Event<'static> {
    event(id, "Order Completed", person, &format!(r#"{{"order_id":"o-{id}","product_id":"{product}"}}"#), at)
}

/// A record of the change stream after a write that applied these events.
pub fn modified(n: usize, person: Key, events: &[Event<'_>], merged: &[Key]) -> Value {
    let mut profile = Profile::default();
    for event in events {
        profile.apply(event);
    }
    let mut blob = Vec::new();
    profile.encode(&mut blob);
    let fresh = encode_envelopes(events);
    image(
        n,
        "MODIFY",
        &Image {
            person,
            profile: &blob,
            version: 3,
            fresh: fresh.iter().map(Vec::as_slice).collect(),
            merged: merged.to_vec(),
        },
    )
}

/// A record of the change stream that says that somebody went into another.
pub fn forwarded(n: usize, person: Key, to: Key) -> Value {
    let blob = Blob::forward(to);
    image(n, "MODIFY", &Image { person, profile: &blob, version: 9, fresh: Vec::new(), merged: Vec::new() })
}

fn image(n: usize, name: &str, image: &Image<'_>) -> Value {
    json!({
        "eventID": format!("f07f8ca4b0b26cb9c4e5e77e69f2{n:04}"), "eventName": name, "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_341_660.0,
            "Keys": {"person": {"B": STANDARD.encode(image.person.0)}},
            "NewImage": image.encode(),
            "SequenceNumber": sequence_number(n), "SizeBytes": 512, "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN":
            "arn:aws:dynamodb:eu-west-1:123456789012:table/rondo-profiles/stream/2026-11-01T00:00:00.000",
    })
}

/// A record of the change stream after an erasure.
pub fn removed(n: usize, person: Key) -> Value {
    let mut record = forwarded(n, person, person);
    record["eventName"] = "REMOVE".into();
    record["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    record
}

pub fn stream(records: &[Value]) -> dynamodb::Event {
    serde_json::from_value(json!({"Records": records})).unwrap()
}

pub fn queue(bodies: &[String]) -> SqsEvent {
    serde_json::from_value(messages(bodies)).unwrap()
}

fn messages(bodies: &[String]) -> Value {
    let message = |(n, body): (usize, &String)| {
        json!({
            "messageId": message_id(n), "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a", "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1", "SentTimestamp": "1795341960250", "SenderId": "AROAEXAMPLE:fire-timers",
                "ApproximateFirstReceiveTimestamp": "1795341960950",
            },
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-west-1",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:rondo-due",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>()})
}

pub fn sequence_number(n: usize) -> String {
    format!("14054000000000020632{n:05}")
}

pub fn message_id(n: usize) -> String {
    format!("2e1424d4-f796-459a-8184-9c92662b{n:04}")
}

/// What `events/evaluate-triggers` holds.
fn all() -> Vec<(&'static str, Value)> {
    let ann = modified(0, ANN, &[view("ev-1", ANN, "sku-1", T0), view("ev-2", ANN, "sku-2", T0 + HOUR)], &[]);
    let bob = modified(1, BOB, &[view("ev-3", BOB, "sku-1", T0)], &[]);
    let bought = modified(2, BOB, &[buy("ev-4", BOB, "sku-1", T0 + HOUR)], &[]);
    let mut cut_short = bob.clone();
    cut_short["dynamodb"]["NewImage"]["fresh"]["B"] = STANDARD.encode([1, 200, 7, 7]).into();
    let due = [format!("{ANN},{BOB}"), format!("{VISITOR},no key at all")];
    vec![
        ("stream", json!({"Records": [ann, bob, bought]})),
        ("stream-damaged-image", json!({"Records": [ann, cut_short, bought]})),
        ("due-bad-body", messages(&due)),
    ]
}

fn path(case: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../events/evaluate-triggers")
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
