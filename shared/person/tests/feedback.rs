//! What mailboxes and carriers tell of messages.

use event::{Arrival, Event, Parser, ParserSettings, Pseudonymizer};
use person::{Applied, Blob, Profile};
use serde_json::json;

/// 2026-11-22T10:00:00Z.
const NOON: i64 = 1_795_341_600_000;

/// An event some minutes later.
fn record(minutes: i64, name: &str, properties: serde_json::Value) -> String {
    json!({
        "type": "track", "userId": "u1", "messageId": format!("{name}-{minutes}"), "event": name,
        "timestamp": NOON + minutes * 60_000, "properties": properties,
    })
    .to_string()
}

/// Whether mail may not go out after these, in this order and in the other, through the stored form.
fn suppressed(records: &[String]) -> bool {
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let arrival = Arrival::Recorded { now: NOON + 86_400_000 };
    let events: Vec<Event> =
        records.iter().map(|record| parser.parse(record.as_bytes(), "ses", arrival).unwrap().event).collect();
    let fold = |events: &mut dyn Iterator<Item = &Event<'_>>| {
        let mut profile = Profile::default();
        let mut bytes = Vec::new();
        let events: Vec<&Event> = events.collect();
        events.iter().for_each(|event| assert_eq!(profile.apply(event), Applied::Yes));
        profile.encode(&mut bytes);
        let Ok(Blob::Profile(read)) = Blob::decode(&bytes) else { panic!("a damaged profile") };
        assert_eq!(read, profile);
        assert!(!read.is_suppressed("sms"), "another channel is another matter");
        read.is_suppressed("email")
    };
    let straight = fold(&mut events.iter());
    assert_eq!(straight, fold(&mut events.iter().rev()), "the order of arrival matters");
    straight
}

#[test]
fn a_bounce_for_good_and_a_complaint_end_a_channel() {
    let bounce = |minutes, kind: &str| {
        record(minutes, "Message Bounced", json!({"channel": "email", "bounce_type": kind}))
    };
    let complaint = record(1, "Message Complained", json!({"channel": "email"}));
    let yes = |minutes| record(minutes, "Subscribed", json!({"channel": "email"}));
    assert!(suppressed(&[bounce(1, "permanent")]));
    assert!(suppressed(std::slice::from_ref(&complaint)));
    assert!(!suppressed(&[bounce(1, "transient"), bounce(2, "transient")]), "a full mailbox is emptied");
    assert!(!suppressed(&[record(1, "Message Delivered", json!({"channel": "email"}))]));
    // Agreed to before, or in the same moment, is no new yes; agreed to after is.
    assert!(suppressed(&[yes(0), complaint.clone()]));
    assert!(suppressed(&[yes(1), complaint.clone()]));
    assert!(!suppressed(&[complaint.clone(), yes(2)]));
    assert!(suppressed(&[complaint.clone(), yes(2), bounce(3, "permanent")]));
    assert!(suppressed(&[complaint, record(2, "Unsubscribed", json!({"channel": "email"}))]));
}

#[test]
fn what_programs_open_counts_for_nothing() {
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let profile_json = |machine: bool| {
        let records = [
            record(1, "Message Opened", json!({"channel": "email", "machine": machine})),
            record(2, "Message Clicked", json!({"channel": "email", "machine": machine})),
        ];
        let events = records.each_ref().map(|record| {
            parser.parse(record.as_bytes(), "ses", Arrival::Recorded { now: NOON }).unwrap().event
        });
        let mut profile = Profile::default();
        events.iter().for_each(|event| assert_eq!(profile.apply(event), Applied::Yes));
        assert_eq!(profile.apply(&events[0]), Applied::Duplicate);
        profile.to_json(NOON + 600_000)
    };
    let (human, program) = (profile_json(false), profile_json(true));
    assert_eq!(
        (&human["counters"]["Message Opened"]["total"], &human["sessions"]["count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!((&program["counters"], &program["sessions"]["count"]), (&json!({}), &json!(0)));
    assert_eq!(program["recent"], json!([]));
}
