//! A profile that an earlier release stored stays readable, and means the same.

use event::{Arrival, Event, Parser, ParserSettings, Pseudonymizer};
use person::{Blob, Profile};
use std::path::PathBuf;

/// When the profile is looked at: 2026-12-01T00:00:00Z.
const NOW: i64 = 1_796_083_200_000;

/// What one person did, with every part of a profile in play.
const RECORDS: [&str; 10] = [
    r#"{"type":"page","messageId":"m1","anonymousId":"a-1","timestamp":"2026-11-20T09:00:00Z","context":{
        "locale":"de-DE","timezone":"Europe/Berlin","device":{"model":"Phone 9"},
        "page":{"url":"https://shop.example/?utm_source=news&utm_campaign=winter&gclid=c1","referrer":"https://search.example/"}}}"#,
    r#"{"type":"identify","messageId":"m2","anonymousId":"a-1","userId":"u-1","timestamp":"2026-11-20T09:01:00Z",
        "traits":{"plan":"gold","points":42,"email_opt_in":true}}"#,
    r#"{"type":"track","event":"Product Viewed","messageId":"m3","userId":"u-1","timestamp":"2026-11-20T09:02:00Z",
        "properties":{"product_id":"kettle","category":"kitchen","brand":"Acme","price":39.9,"dwell_ms":95000}}"#,
    r#"{"type":"track","event":"Order Completed","messageId":"m4","userId":"u-1","timestamp":"2026-11-21T18:30:00Z",
        "properties":{"order_id":"o-1","revenue":49.8,"currency":"EUR","products":[
        {"product_id":"kettle","category":"kitchen","price":39.9},{"product_id":"tea","category":"food","price":9.9}]}}"#,
    r#"{"type":"track","event":"Order Refunded","messageId":"m5","userId":"u-1","timestamp":"2026-11-25T08:00:00Z",
        "properties":{"order_id":"o-1","total":9.9,"currency":"EUR"}}"#,
    r#"{"type":"track","event":"Case Opened","messageId":"m6","userId":"u-1","timestamp":"2026-11-25T08:10:00Z",
        "properties":{"case_id":"k-1","case_kind":"complaint"}}"#,
    r#"{"type":"track","event":"Message Sent","messageId":"m7","userId":"u-1","timestamp":"2026-11-26T10:00:00Z",
        "properties":{"campaign":"coupon","channel":"email","action_id":"1"}}"#,
    r#"{"type":"track","event":"Unsubscribed","messageId":"m8","userId":"u-1","timestamp":"2026-11-26T10:05:00Z",
        "properties":{"channel":"sms"}}"#,
    r#"{"type":"track","event":"Device Registered","messageId":"m9","userId":"u-1","timestamp":"2026-11-27T07:00:00Z",
        "properties":{"device_model":"Watch 2"}}"#,
    r#"{"type":"track","event":"Product Viewed","messageId":"m10","userId":"u-1","timestamp":"2026-11-28T20:15:30.250Z",
        "properties":{"product_id":"茶壶","category":"kitchen","dwell_ms":400000}}"#,
];

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The file as it is checked in; written anew where somebody asks for it, after a change that is meant.
#[allow(clippy::disallowed_methods, reason = "a test has no edge at which settings are read")]
fn checked_in(name: &str, made: &[u8]) -> Vec<u8> {
    if std::env::var("UPDATE_SAMPLES").is_ok_and(|value| value == "1") {
        std::fs::write(golden(name), made).unwrap();
    }
    std::fs::read(golden(name)).unwrap()
}

/// Three files: what this release writes, and what earlier ones wrote of the same events: the second did not yet keep
/// the message ids of refunds, nor the first what linked an identifier and what proves an answer.
#[test]
fn a_profile_is_written_as_ever_and_every_older_one_is_read() {
    let parser = Parser::new(Pseudonymizer::new(b"golden"), ParserSettings::default());
    let arrival = Arrival::Recorded { now: NOW };
    let events: Vec<Event> =
        RECORDS.iter().map(|record| parser.parse(record.as_bytes(), "web", arrival).unwrap().event).collect();
    let mut profile = Profile::default();
    for event in &events {
        profile.apply(event);
    }
    let mut blob = Vec::new();
    profile.encode(&mut blob);
    let stored = checked_in("profile-v3.bin", &blob);
    assert_eq!(
        blob, stored,
        "today's events no longer give yesterday's bytes: a stored profile would not equal a replay"
    );

    let Ok(Blob::Profile(read)) = Blob::decode(&stored) else { panic!("the stored profile can't be read") };
    assert_eq!(read, profile);
    let json = read.to_json(NOW);
    let first = std::fs::read(golden("profile-v1.bin")).unwrap();
    let Ok(Blob::Profile(first)) = Blob::decode(&first) else { panic!("the first profile can't be read") };
    let expected = std::fs::read(golden("profile-v1.json")).unwrap();
    assert_eq!(first.to_json(NOW), serde_json::from_slice::<serde_json::Value>(&expected).unwrap());
    assert!(first.channels.iter().all(|channel| channel.proof.is_none()));
    let linked = |profile: &Profile<'_>| profile.origin(profile.identifiers[1]).map(|origin| origin.message);
    assert_eq!((linked(&read), linked(&first)), (Some(events[0].hash), None));
    let second = std::fs::read(golden("profile-v2.bin")).unwrap();
    let Ok(Blob::Profile(second)) = Blob::decode(&second) else { panic!("the second profile can't be read") };
    let expected = std::fs::read(golden("profile-v2.json")).unwrap();
    assert_eq!(second.to_json(NOW), serde_json::from_slice::<serde_json::Value>(&expected).unwrap());
    let mut pretty = serde_json::to_vec_pretty(&json).unwrap();
    pretty.push(b'\n');
    let expected = checked_in("profile-v3.json", &pretty);
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    assert_eq!(json, expected);

    // And that file says what the records say.
    assert_eq!((&json["events"], &json["known"]), (&10.into(), &true.into()));
    assert_eq!(json["traits"]["plan"], "gold");
    assert_eq!(json["orders"]["revenue_minor"]["EUR"], 4_980);
    assert_eq!(json["orders"]["refunded_minor"]["EUR"], 990);
    assert_eq!(json["orders"]["days_since_last"], 9);
    assert_eq!((&json["dwell"]["medium"], &json["dwell"]["long"]), (&1.into(), &1.into()));
    assert_eq!(
        (&json["channels"]["email"]["consent"], &json["channels"]["sms"]["consent"]),
        (&true.into(), &false.into())
    );
    assert_eq!(json["service"]["open_complaint"], true);
    assert_eq!(json["first_touch"]["campaign"], "winter");
    assert_eq!(json["counters"]["Product Viewed"]["total"], 2);
    assert_eq!(json["recent"][0]["product_id"], "茶壶");
}
