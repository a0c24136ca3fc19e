//! Items of people as they are in their table and on its change stream.

use crate::change_stream::changes;
use crate::profiles::{owner, write};
use crate::samples::{event, identifier, key};
use aws::{Aws, People, create_tables};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use evaluate_triggers::Image;
use event::{
    Arrival, Event, IdentifierKind, Identifiers, Key, MINUTE, MessageHash, Parser, ParserSettings,
    Pseudonymizer, decode_envelope,
};
use person::{Blob, Merged, Profile, ProfileStore, ProfileWrite, Stored};
use rondo_tests::{Endpoint, call, fresh_name};
use serde_dynamo::{AttributeValue, Item};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// One change, as evaluate-triggers reads it: the version, the fresh events, who was merged, and into whom the person was.
type Change = (u64, Vec<String>, Vec<Key>, Option<Key>);

/// A table of its own. The stream of moto shows what an update was in the middle of, so that ministack it is.
async fn people() -> (People, String) {
    let aws = Aws::local(Endpoint::ministack().url(), None).await;
    let tables = create_tables(&aws, &fresh_name("changes")).await.unwrap();
    (People::new(&aws, &tables.profiles), tables.profiles)
}

fn read(table: &str) -> BTreeMap<Key, Vec<Change>> {
    let mut read: BTreeMap<Key, Vec<Change>> = BTreeMap::new();
    for image in changes(Endpoint::ministack(), table) {
        let item: Item = serde_json::from_value(image).unwrap();
        let image = Image::decode(&item).unwrap_or_else(|error| panic!("{error}: {item:?}"));
        let events = image.fresh.iter().flat_map(|envelope| decode_envelope(envelope).unwrap());
        let events = events.map(|event| event.message_id.into_owned()).collect();
        let forward = Blob::forward_of(image.profile).unwrap();
        read.entry(image.person).or_default().push((image.version, events, image.merged, forward));
    }
    read
}

fn ids<'a>(events: impl IntoIterator<Item = &'a Event<'a>>) -> Vec<String> {
    events.into_iter().map(|event| event.message_id.to_string()).collect()
}

#[test]
fn the_change_stream_says_what_was_written() {
    use IdentifierKind::{Anonymous, Email};
    let events: Vec<Event<'_>> = (0..5).map(|n| event(&format!("m-{n}"), 1)).collect();
    let table = Runtime::new().unwrap().block_on(async {
        let (people, table) = people().await;
        let mut ann = write(1, 0, 2);
        ann.fresh = events[..2].iter().collect();
        ann.links = vec![identifier(Email, 5)];
        let visitor = ProfileWrite { owner: owner(Anonymous, 3), ..write(3, 0, 1) };
        // One who comes too late leaves nothing.
        let mut late = write(1, 7, 2);
        late.fresh = vec![&events[4]];
        assert_eq!(people.write(vec![ann, visitor]).await.unwrap(), []);
        assert_eq!(people.write(vec![late]).await.unwrap(), [key(1)]);
        let mut ann = write(1, 1, 3);
        ann.fresh = vec![&events[2]];
        ann.merged = vec![Merged { owner: owner(Anonymous, 3), version: 1 }];
        assert_eq!(people.write(vec![ann]).await.unwrap(), []);
        // What one write said is not said again by the next.
        assert_eq!(people.write(vec![write(1, 2, 4)]).await.unwrap(), []);
        table
    });
    let ann = vec![
        (1, ids(&events[..2]), vec![], None),
        (2, ids(&events[2..3]), vec![key(3)], None),
        (3, vec![], vec![], None),
    ];
    let visitor = vec![(1, vec![], vec![], None), (2, vec![], vec![], Some(key(1)))];
    let email = vec![(1, vec![], vec![], None)];
    assert_eq!(read(&table), BTreeMap::from([(key(1), ann), (key(3), visitor), (key(5), email)]));
}

#[test]
fn more_fresh_events_than_an_item_has_room_for_come_in_several_changes() {
    let long = json!({"text": "x".repeat(900)}).to_string();
    let mut identifiers = Identifiers::default();
    identifiers.insert(identifier(IdentifierKind::User, 1));
    let events: Vec<Event<'_>> = (0..300)
        .map(|n| Event::reported(format!("m-{n}"), "Seen", identifiers, n, long.clone(), "test"))
        .collect();
    let (stored, table) = Runtime::new().unwrap().block_on(async {
        let (people, table) = people().await;
        for version in [0, 3] {
            let mut ann = write(1, version, 9);
            ann.fresh = events.iter().collect();
            assert_eq!(people.write(vec![ann]).await.unwrap(), []);
        }
        let mut late = write(1, 1, 9);
        late.fresh = events.iter().collect();
        assert_eq!(people.write(vec![late]).await.unwrap(), [key(1)]);
        (people.load(&[key(1)]).await.unwrap().remove(0), table)
    });
    assert_eq!(stored, Some(Stored { version: 6, blob: write(1, 0, 9).blob }));
    let changes = read(&table).remove(&key(1)).unwrap();
    assert_eq!(changes.iter().map(|change| change.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    for changes in changes.chunks(3) {
        let fresh: Vec<&String> = changes.iter().flat_map(|change| &change.1).collect();
        assert!(fresh.into_iter().eq(&ids(&events)));
    }
}

/// The bytes that DynamoDB reckons an item as: names and values, a number at a byte for two digits and one more.
fn size(item: &Item) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        other => panic!("{other:?}"),
    };
    item.iter().map(|(name, attribute)| name.len() + value(attribute)).sum()
}

/// A record that differs from others in all that a profile tells apart.
fn record(n: usize) -> String {
    let names = [
        "Product Viewed",
        "Order Completed",
        "Order Refunded",
        "Subscribed",
        "Case Opened",
        "Device Registered",
        "Message Sent",
    ];
    let name =
        names.get(n % 10).map_or_else(|| format!("Looked at page {}", n % 97), |name| (*name).to_owned());
    let kind = if n.is_multiple_of(5) { "identify" } else { "track" };
    let currency = ["EUR", "USD", "JPY", "CNY", "GBP", "CHF", "SEK", "INR", "BRL"][n % 9];
    json!({
        "type": kind, "event": name, "messageId": format!("m{n}"), "userId": "busy",
        "anonymousId": format!("browser-{}", n % 60), "timestamp": 1_795_000_000_000i64,
        "context": {
            "locale": "zh-CN", "timezone": "Asia/Shanghai",
            "page": {"url": format!("https://shop.example/p/{n}?utm_source=s{}&utm_campaign=spring-sale-{}&gclid=c{n}", n % 30, n % 70),
                     "referrer": format!("https://referrer-{}.example/", n % 50)},
            "device": {"model": format!("Phone of the model {}", n % 40)},
        },
        "traits": {format!("trait_number_{}", n % 90): format!("a value of some length {n}"), "email_opt_in": n.is_multiple_of(2)},
        "properties": {
            "product_id": format!("product-number-{n}"), "category": format!("category/and/below/{}", n % 500),
            "brand": format!("brand number {}", n % 300), "price": 19.95, "quantity": 2, "currency": currency,
            "channel": format!("channel-{}", n % 20), "case_id": format!("case-{n}"), "case_kind": "complaint",
            "device_model": format!("Watch of the model {}", n % 40), "dwell_ms": n,
        },
    })
    .to_string()
}

#[test]
fn the_item_of_a_person_of_a_million_events_stays_under_24_kb() {
    const EVENTS: usize = 1_000_000;
    const KINDS: usize = 20_000;
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let records: Vec<String> = (0..KINDS).map(record).collect();
    let now = Arrival::Recorded { now: i64::MAX / 2 };
    let parsed = records.iter().map(|record| parser.parse(record.as_bytes(), "web", now).unwrap().event);
    let mut events: Vec<Event<'_>> = parsed.collect();
    let (mut stored, mut largest) = (Vec::new(), 0);
    for round in 0..EVENTS / KINDS {
        // Visits of ten events, an hour apart, so that all windows are full of them.
        for (n, event) in events.iter_mut().enumerate() {
            let n = round * KINDS + n;
            event.hash = MessageHash::of(&format!("m{n}"));
            event.happened_at = 1_795_000_000_000 + (n / 10) as i64 * 60 * MINUTE + (n % 10) as i64 * 1_000;
            event.received_at = event.happened_at;
        }
        let before = std::mem::take(&mut stored);
        let mut profile = Profile::default();
        if !before.is_empty() {
            profile.decode(&before).unwrap();
        }
        for event in &events {
            profile.apply(event);
        }
        profile.encode(&mut stored);
        largest = largest.max(stored.len());
        assert_eq!(profile.events, ((round + 1) * KINDS) as u64);
    }
    assert!(largest > 8_000, "no full profile: {largest} bytes");

    let (people, table) = Runtime::new().unwrap().block_on(people());
    let blob: Arc<[u8]> = stored.into();
    let million = ProfileWrite { blob: blob.clone(), ..write(1, 0, 0) };
    let conflicts = Runtime::new().unwrap().block_on(people.write(vec![million])).unwrap();
    assert_eq!(conflicts, []);
    let request = json!({"TableName": table, "Key": {"person": {"B": STANDARD.encode(key(1).0)}}});
    let answer = call(Endpoint::ministack(), "DynamoDB_20120810", "GetItem", request);
    let item: Item = serde_json::from_value(answer["Item"].clone()).unwrap();
    assert_eq!(Image::decode(&item).unwrap().profile, &blob[..]);
    println!("the item has {} bytes, the largest profile on the way {largest}", size(&item));
    assert!(size(&item) < 24_000 && largest < 23_900, "{} bytes, {largest} on the way", size(&item));
}
