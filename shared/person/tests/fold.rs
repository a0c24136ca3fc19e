//! The profile's promise: any order, batching, redelivery and merging of the same events gives the same
//! bytes.

use event::{Arrival, DAY, Event, Parser, ParserSettings, Pseudonymizer};
use person::{Applied, Blob, Profile};
use proptest::prelude::*;
use serde_json::json;

fn parser() -> Parser {
    Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default())
}

/// Records of one person over weeks, with every part of the profile in play.
fn record() -> impl Strategy<Value = String> {
    let at = 1_795_000_000_000i64;
    let name = prop_oneof![
        Just("Product Viewed"),
        Just("Order Completed"),
        Just("Order Refunded"),
        Just("Unsubscribed"),
        Just("Subscribed"),
        Just("Case Opened"),
        Just("Case Closed"),
        Just("Device Registered"),
        Just("Message Sent"),
        Just("Message Bounced"),
        Just("Message Complained"),
        Just("Message Opened"),
        Just("Message Clicked"),
        Just("Message Shown"),
        Just("Message Dismissed"),
        "[a-z]{1,3}".prop_map(|name: String| Box::leak(name.into_boxed_str()) as &str),
    ];
    (any::<u32>(), 0i64..40 * DAY, 0i64..3 * DAY, name, 0u16..300, 0u8..40, proptest::option::of(0u8..80)).prop_map(
        move |(id, after, late, name, sku, few, attribute)| {
            let happened = at + after;
            json!({
                "type": if attribute.is_some() { "identify" } else { "track" },
                "messageId": format!("m{id}"), "event": name, "userId": "u1",
                "timestamp": happened, "receivedAt": happened + late,
                "context": {
                    "locale": if few % 2 == 0 { "zh-CN" } else { "en" },
                    "page": {"url": format!("https://s.example/p?utm_source=s{}&gclid=c{few}", few % 3),
                             "referrer": format!("https://r{}.example/", few % 4)},
                    "device": {"model": format!("Phone {few}")},
                    "consent": {
                        "categoryPreferences": {"analytics": few % 7 != 0, "sms": few % 2 == 0, "C0004": few % 3 == 0},
                        "version": format!("v{}", few % 4), "method": if few % 5 == 0 { "banner" } else { "form" },
                    },
                },
                "traits": attribute.map(|n| json!({format!("t{n}"): few, "email_opt_in": few % 2 == 0, "$set_once": {format!("t{}", n + 1): few, "first": few}})),
                "properties": {
                    "product_id": format!("sku-{sku}"), "category": format!("c{few}"), "brand": format!("b{sku}"),
                    "price": f64::from(sku) + 0.95, "currency": (["EUR", "USD", "JPY"][usize::from(few) % 3]),
                    "channel": if few % 3 == 0 { "on_site" } else { "email" }, "showing": few % 4,
                    "action_id": format!("{:032x}", u128::from(few) << 64), "on_site": {"placement": "hero", "few": few},
                    "case_id": format!("k{few}"), "case_kind": "complaint",
                    "bounce_type": if few % 2 == 0 { "permanent" } else { "transient" }, "machine": few % 3 == 0,
                    "device_model": format!("Watch {few}"), "dwell_ms": u32::from(few) * 20_000,
                },
            })
            .to_string()
        },
    )
}

fn fold<'a>(profile: &mut Profile<'a>, events: impl IntoIterator<Item = &'a Event<'a>>) {
    for event in events {
        profile.apply(event);
    }
}

fn bytes(profile: &Profile<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    profile.encode(&mut out);
    out
}

fn parse<'a>(parser: &Parser, records: &'a [String]) -> Vec<Event<'a>> {
    let mut seen = std::collections::HashSet::new();
    let parsed = records.iter().map(|record| {
        let source = if record.contains("Message Sent") { "deliver-messages" } else { "web" };
        parser.parse(record.as_bytes(), source, Arrival::Recorded { now: i64::MAX / 2 }).unwrap().event
    });
    // Two events may not share an id, that is what an id is.
    parsed.filter(|event| seen.insert(event.hash)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn order_and_batching_do_not_matter(
        records in prop::collection::vec(record(), 1..220),
        shuffle in any::<prop::sample::Index>(),
        batch in 1usize..40,
    ) {
        let parser = parser();
        let events = parse(&parser, &records);
        let mut straight = Profile::default();
        fold(&mut straight, &events);
        let expected = bytes(&straight);
        prop_assert_eq!(Blob::refuses_analytics(&expected).unwrap(), straight.refuses_analytics());

        // Another order, in batches, through the stored form between them.
        let mut order: Vec<usize> = (0..events.len()).collect();
        let turn = shuffle.index(order.len());
        order.sort_by_key(|i| (i * 7919 + turn * 104_729) % 1_000_003);
        let mut stored: Vec<u8> = Vec::new();
        for part in order.chunks(batch) {
            let before = std::mem::take(&mut stored);
            let mut profile = Profile::default();
            if !before.is_empty() {
                profile.decode(&before).unwrap();
            }
            for i in part {
                profile.apply(&events[*i]);
            }
            stored = bytes(&profile);
        }
        prop_assert!(stored == expected, "another order gave other bytes");

        // Merging two halves is adding them.
        let (mut left, mut right) = (Profile::default(), Profile::default());
        fold(&mut left, events.iter().step_by(2));
        fold(&mut right, events.iter().skip(1).step_by(2));
        right.merge(&left);
        prop_assert!(bytes(&right) == expected, "merging gave other bytes");
        prop_assert!(expected.len() < 24_000);
    }

    #[test]
    fn redelivery_changes_nothing(records in prop::collection::vec(record(), 1..60), again in any::<prop::sample::Index>()) {
        let parser = parser();
        let mut events = parse(&parser, &records);
        // Received within one day, the dedupe window.
        let newest = events.iter().map(|e| e.received_at).max().unwrap();
        events.retain(|e| e.received_at > newest - DAY);
        let mut profile = Profile::default();
        fold(&mut profile, &events);
        let before = bytes(&profile);
        let start = again.index(events.len());
        for event in &events[start..] {
            prop_assert_eq!(profile.apply(event), Applied::Duplicate);
        }
        prop_assert_eq!(bytes(&profile), before);
    }

    #[test]
    fn damaged_blobs_are_errors(bytes: Vec<u8>) {
        let _ = Blob::decode(&bytes);
    }
}

#[test]
fn the_busiest_person_stays_under_24_kb() {
    let parser = parser();
    let mut stored = Vec::new();
    for chunk in 0..200i64 {
        let records: Vec<String> = (0..100i64)
            .map(|i| {
                let n = chunk * 100 + i;
                json!({"type": "track", "event": format!("event {}", n % 97), "userId": "busy", "messageId": format!("m{n}"),
                    "timestamp": 1_795_000_000_000i64 + n * 47 * 60_000, "properties": {"product_id": format!("product-{n}"),
                    "category": format!("category-{}", n % 500), "brand": format!("brand-{}", n % 300)}}).to_string()
            })
            .collect();
        let events = parse(&parser, &records);
        let before = std::mem::take(&mut stored);
        let mut profile = Profile::default();
        if !before.is_empty() {
            profile.decode(&before).unwrap();
        }
        fold(&mut profile, &events);
        stored = bytes(&profile);
        assert!(stored.len() < 24_000, "{} bytes after {} events", stored.len(), profile.events);
    }
}

#[test]
fn what_is_set_once_keeps_its_first_value_until_it_is_set_otherwise() {
    let parser = parser();
    let identify = |id: &str, at: &str, traits: serde_json::Value| {
        json!({"type": "identify", "messageId": id, "userId": "u", "timestamp": at, "traits": traits})
            .to_string()
    };
    let records = [
        identify("b", "2026-11-02T10:00:00Z", json!({"$set_once": {"source": "second", "plan": "free"}})),
        identify("a", "2026-11-01T10:00:00Z", json!({"$set_once": {"source": "first"}, "city": "Berlin"})),
        identify("c", "2026-11-03T10:00:00Z", json!({"plan": "pro", "$set_once": {"city": "Bonn"}})),
    ];
    let events = parse(&parser, &records);
    let mut profile = Profile::default();
    fold(&mut profile, &events);
    let stored = bytes(&profile);
    let mut read = Profile::default();
    read.decode(&stored).unwrap();
    assert_eq!(read, profile);
    let expected = json!({"city": "Berlin", "plan": "pro", "source": "first"});
    assert_eq!(read.section("traits", 0), Some(expected));
    let value = |name: &str| read.attribute(name).map(|found| found.value);
    assert_eq!([value("source"), value("plan"), value("none")], [Some("\"first\""), Some("\"pro\""), None]);
}

#[test]
fn a_refund_that_is_told_of_again_after_weeks_counts_once() {
    let parser = parser();
    // As a shop system tells of one: again with every change of its order, at the time of that.
    let told = |refund: u32, day: u32| {
        let at = format!("2026-11-{day:02}T10:00:00Z");
        json!({"type": "track", "messageId": format!("woo:refund:{refund}"), "event": "Order Refunded", "userId": "u", "timestamp": at,
            "receivedAt": at, "properties": {"order_id": "7", "revenue": 5, "currency": "EUR"}}).to_string()
    };
    let mut stored = Vec::new();
    for record in [told(1, 1), told(1, 2), told(1, 9), told(2, 9), told(1, 28), told(2, 28)] {
        let event =
            parser.parse(record.as_bytes(), "woo", Arrival::Recorded { now: i64::MAX / 2 }).unwrap().event;
        let mut profile = Profile::default();
        let before = std::mem::take(&mut stored);
        if !before.is_empty() {
            profile.decode(&before).unwrap();
        }
        profile.apply(&event);
        stored = bytes(&profile);
        assert_eq!(profile.orders.refunds, profile.events);
    }
    let mut profile = Profile::default();
    profile.decode(&stored).unwrap();
    assert_eq!((profile.orders.refunds, profile.orders.money[0].refunded), (2, 1_000));
}

#[test]
fn fields_of_a_later_release_survive() {
    let parser = parser();
    let records =
        [r#"{"type":"track","event":"Product Viewed","userId":"u","timestamp":"2026-11-22T10:00:00Z"}"#
            .to_owned()];
    let events = parse(&parser, &records);
    let mut profile = Profile::default();
    fold(&mut profile, &events);
    let mut later = bytes(&profile);
    event::wire::put_text(&mut later, 200, "from the future");
    let mut read = Profile::default();
    read.decode(&later).unwrap();
    assert_eq!(bytes(&read), later);
}

#[test]
fn a_message_waits_on_site_until_it_was_dealt_with() {
    let parser = parser();
    let action = |n: u8| format!("{n:02x}").repeat(16);
    let record = |event: &str, id: &str, day: u32, properties: serde_json::Value| {
        json!({"type": "track", "messageId": id, "event": event, "userId": "u",
            "timestamp": format!("2026-11-{day:02}T10:00:00Z"), "properties": properties})
        .to_string()
    };
    let sent = |n: u8, day: u32| {
        let properties =
            json!({"channel": "on_site", "action_id": action(n), "on_site": {"placement": "hero"}});
        record("Message Sent", &format!("sent-{n}"), day, properties)
    };
    let told = |event: &str, n: u8, day: u32, showing: u8| {
        let properties = json!({"channel": "on_site", "action_id": action(n), "showing": showing});
        record(event, &format!("{event}-{n}-{showing}-{day}"), day, properties)
    };
    let mut e_mail = told("Message Clicked", 1, 3, 1);
    e_mail = e_mail.replace("on_site", "email");
    let records =
        [sent(1, 1), sent(2, 2), told("Message Shown", 1, 3, 1), told("Message Shown", 1, 4, 2), e_mail];
    let events = parse(&parser, &records);
    let (third, dismissed) = (sent(3, 5), [told("Message Dismissed", 2, 6, 0)]);
    let forged =
        parser.parse(third.as_bytes(), "web", Arrival::Recorded { now: i64::MAX / 2 }).unwrap().event;
    let closed = parse(&parser, &dismissed).remove(0);
    let mut profile = Profile::default();
    fold(&mut profile, &events);
    profile.apply(&forged);

    let key = |n: u8| event::Key::parse(&action(n)).unwrap();
    let waiting = |profile: &Profile<'_>| profile.waiting.iter().map(|one| one.action).collect::<Vec<_>>();
    assert_eq!(waiting(&profile), [key(2), key(1)], "nobody but deliver-messages has anything waiting");
    assert_eq!(profile.waiting[1].said, r#"{"placement":"hero"}"#);
    let shown = profile.showings(key(1));
    let last = event::parse_time("2026-11-04T10:00:00Z").unwrap();
    assert_eq!((shown.times, shown.last, shown.ended), (2, last, false), "a click in an e-mail is another");
    assert_eq!(profile.showings(key(2)), person::Showings::default());
    profile.apply(&closed);
    assert!(profile.showings(key(2)).ended);
    let json = profile.to_json(0);
    assert_eq!((&json["on_site"][0]["ended"], &json["on_site"][1]["shown"]), (&true.into(), &2.into()));

    // What is replayed, or merged with itself, is the same.
    let stored = bytes(&profile);
    let mut read = Profile::default();
    read.decode(&stored).unwrap();
    assert_eq!(read, profile);
    let mut other = Profile::default();
    fold(&mut other, &events[..2]);
    read.merge(&other);
    assert_eq!((waiting(&read), read.showings(key(1))), (waiting(&profile), shown));
}
