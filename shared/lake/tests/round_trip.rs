//! An event comes out of the lake as it went in.

use bytes::Bytes;
use event::{
    Arrival, Campaign, Context, Device, Event, EventType, Facts, Identifier, IdentifierKind, Identifiers,
    Key, Marks, MessageHash, Parser, ParserSettings, Pseudonymizer, TimeMark, names,
};
use lake::{Columns, EventFile, LakeError, Text, replay, scan};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::borrow::Cow;

fn parser() -> Parser {
    Parser::new(Pseudonymizer::new(b"lake"), ParserSettings::default())
}

fn back(events: &[Event<'_>]) -> Vec<(i64, i64, Event<'static>)> {
    let mut file = EventFile::new(20_779, "log");
    for (n, event) in events.iter().enumerate() {
        file.push(7 + n as i64, 1_795_341_600_000 + n as i64, event);
    }
    let finished = file.finish().unwrap();
    assert_eq!(finished.path, "events/dt=2026-11-22/log-00000000000000000007.parquet");
    assert!(file.is_empty());
    let mut all = Vec::new();
    replay(&finished.path, Bytes::from(finished.bytes), |archived| {
        all.push((archived.sequence, archived.appended_at, owned(&archived.event)));
    })
    .unwrap();
    all
}

fn owned(event: &Event<'_>) -> Event<'static> {
    let own = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
    let maybe = |text: &Option<Cow<'_, str>>| text.as_ref().map(own);
    let context = &event.context;
    Event {
        message_id: own(&event.message_id),
        hash: event.hash,
        kind: event.kind,
        name: own(&event.name),
        happened_at: event.happened_at,
        received_at: event.received_at,
        time_mark: event.time_mark,
        identifiers: event.identifiers,
        user_id: maybe(&event.user_id),
        properties: own(&event.properties),
        traits: own(&event.traits),
        context: Context {
            url: maybe(&context.url),
            title: maybe(&context.title),
            referrer: maybe(&context.referrer),
            user_agent: maybe(&context.user_agent),
            locale: maybe(&context.locale),
            timezone: maybe(&context.timezone),
            campaign: context.campaign.as_ref().map(|c| {
                Box::new(Campaign {
                    source: maybe(&c.source),
                    medium: maybe(&c.medium),
                    name: maybe(&c.name),
                    term: maybe(&c.term),
                    content: maybe(&c.content),
                })
            }),
            device: context.device.as_ref().map(|d| {
                Box::new(Device {
                    model: maybe(&d.model),
                    kind: maybe(&d.kind),
                    os: maybe(&d.os),
                    app_version: maybe(&d.app_version),
                })
            }),
            consent: maybe(&context.consent),
            rest: maybe(&context.rest),
        },
        facts: event.facts.clone().into_owned(),
        source: own(&event.source),
        marks: event.marks.clone(),
    }
}

fn assert_same(events: &[Event<'_>]) {
    let read = back(events);
    assert_eq!(read.len(), events.len());
    for (n, ((sequence, appended_at, read), event)) in read.iter().zip(events).enumerate() {
        assert_eq!(read, event);
        assert_eq!((*sequence, *appended_at), (7 + n as i64, 1_795_341_600_000 + n as i64));
    }
}

prop_compose! {
    fn text()(text in "\\PC{1,24}") -> Cow<'static, str> { Cow::Owned(text) }
}

prop_compose! {
    fn context()(
        url in option::of(text()), title in option::of(text()), user_agent in option::of(text()),
        campaign in option::of((option::of(text()), option::of(text()))),
        device in option::of((option::of(text()), option::of(text()))),
        consent in option::of(Just(Cow::Borrowed("{\"ads\":true}"))), rest in option::of(text()),
    ) -> Context<'static> {
        let campaign = campaign.map(|(source, term)| Campaign { source, term, ..Campaign::default() });
        let device = device.map(|(model, os)| Device { model, os, ..Device::default() });
        Context {
            url, title, user_agent, consent, rest,
            campaign: campaign.filter(|c| *c != Campaign::default()).map(Box::new),
            device: device.filter(|d| *d != Device::default()).map(Box::new),
            ..Context::default()
        }
    }
}

prop_compose! {
    fn any_event()(
        message_id in text(), name in text(), kind in 0usize..6, mark in 0usize..3,
        happened_at: i64, received_at: i64,
        identifiers in vec((0usize..9, any::<[u8; 16]>()), 1..10),
        user_id in option::of(text()), traits in option::of(text()), context in context(),
        amount in option::of(-1e6..1e9f64), product in option::of(text()),
    ) -> Event<'static> {
        let kinds = [EventType::Identify, EventType::Track, EventType::Page, EventType::Screen,
            EventType::Group, EventType::Alias];
        let mut ids = Identifiers::default();
        for (kind, key) in identifiers {
            ids.insert(Identifier { kind: IdentifierKind::all().nth(kind).unwrap(), key: Key(key) });
        }
        let properties = serde_json::json!({"revenue": amount, "currency": "JPY", "product_id": product}).to_string();
        Event {
            hash: MessageHash::of(&message_id),
            message_id, kind: kinds[kind], name, happened_at, received_at,
            time_mark: [TimeMark::Given, TimeMark::Missing, TimeMark::Future][mark],
            identifiers: ids, user_id, traits: traits.unwrap_or_default(), context,
            facts: Facts::of(&properties, None).into_owned(),
            properties: Cow::Owned(properties),
            source: Cow::Borrowed("店"),
            marks: Marks::of_texts(
                ["", "required properties.order_id\nfixed type properties.price"][kind % 2],
                ["", "email first_name"][mark % 2],
            ),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_survive(events in vec(any_event(), 1..40)) {
        assert_same(&events);
    }

    #[test]
    fn parsed_records_survive(
        records in vec(("[a-z]{1,8}", "\\PC{0,16}", option::of(0.0..1e6f64), 0u8..3, any::<bool>()), 1..40),
    ) {
        let records: Vec<String> = records.into_iter().map(|(user, text, price, kind, known)| {
            let kind = ["track", "page", "identify"][usize::from(kind)];
            serde_json::json!({
                "type": kind,
                "event": format!("Viewed {text}"),
                "userId": known.then_some(&user),
                "anonymousId": format!("a-{user}"),
                "timestamp": "2026-11-22T10:00:00.000Z",
                "properties": {"product_id": text, "price": price, "note": text},
                "traits": {"email": format!("{user}@example.com"), "城市": text},
                "context": {"locale": "zh-CN", "page": {"title": text}, "screen": {"width": 3}},
            }).to_string()
        }).collect();
        let parser = parser();
        let arrival = Arrival::Live { now: 1_795_341_700_000 };
        let parsed: Vec<_> = records.iter().map(|r| parser.parse(r.as_bytes(), "web", arrival).unwrap().event).collect();
        assert_same(&parsed);
    }

    #[test]
    fn damage_is_an_error_that_names_the_file(cut in 0usize..4000, at in 0usize..4000, bits: u8) {
        let bytes = sample();
        let truncated = Bytes::copy_from_slice(&bytes[..cut.min(bytes.len() - 1)]);
        let error = replay("events/x.parquet", truncated, |_| {}).unwrap_err();
        prop_assert!(error.to_string().contains("events/x.parquet is damaged"), "{}", error);
        let mut flipped = bytes.clone();
        let at = at % flipped.len();
        flipped[at] ^= bits;
        // Some bytes are only content; all that matters is that none of them stops the process.
        let _ = replay("events/x.parquet", Bytes::from(flipped), |_| {});
    }
}

fn sample() -> Vec<u8> {
    let mut file = EventFile::new(0, "log");
    for n in 0..50 {
        file.push(n, n, &message(&format!("m-{n}"), "{\"campaign\":\"winback\",\"reason\":\"quiet hours\"}"));
    }
    file.finish().unwrap().bytes
}

fn message(id: &str, properties: &str) -> Event<'static> {
    let mut identifiers = Identifiers::default();
    identifiers.insert(Identifier { kind: IdentifierKind::User, key: Key([7; 16]) });
    Event::reported(id.to_owned(), names::MESSAGE_REFUSED, identifiers, 5, properties.to_owned(), "rondo")
}

#[test]
fn more_rows_than_one_batch() {
    let events: Vec<_> = (0..20_000)
        .map(|n| message(&format!("m-{n}"), if n % 3 == 0 { "" } else { "{\"campaign\":\"c\"}" }))
        .collect();
    assert_same(&events);
}

#[test]
fn a_file_may_be_begun_again_in_the_same_buffers() {
    let mut file = EventFile::new(20_779, "log");
    file.push(1, 1, &message("m-1", "{}"));
    let first = file.finish().unwrap();
    file.begin(20_780);
    file.push(1, 1, &message("m-1", "{}"));
    let second = file.finish().unwrap();
    assert_eq!(first.bytes, second.bytes);
    assert_eq!(second.path, "events/dt=2026-11-23/log-00000000000000000001.parquet");
}

#[test]
fn only_the_wanted_columns_are_there() {
    let columns =
        Columns { texts: &[Text::MessageCampaign, Text::MessageReason, Text::Brand], ..Columns::default() };
    let mut rows_seen = 0;
    scan("f", Bytes::from(sample()), columns, |rows| {
        rows_seen += rows.len();
        assert_eq!(rows.text(Text::MessageCampaign).get(3), Some("winback"));
        assert_eq!(rows.text(Text::MessageReason).get(3), Some("quiet hours"));
        assert_eq!(rows.text(Text::Brand).get(3), None);
        assert_eq!(rows.text(Text::Name).get(3), None, "not asked for");
    })
    .unwrap();
    assert_eq!(rows_seen, 50);
}

#[test]
fn a_file_that_is_no_parquet() {
    let error = replay("events/y.parquet", Bytes::from_static(b"hello"), |_| {}).unwrap_err();
    assert!(matches!(error, LakeError::Damaged { ref file, .. } if file == "events/y.parquet"));
}
