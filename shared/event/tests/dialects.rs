//! Bodies of other tools, from their own text to events.

use event::dialect::{Translated, cloudevents, ga4, pixel, posthog};
use event::{
    Arrival, Code, Event, EventType, IdentifierKind, Parser, ParserSettings, Pseudonymizer, Rejection,
    iso_time,
};
use serde_json::{Value, json};

const NOW: i64 = 1_795_341_600_000;

fn parser() -> Parser {
    Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default())
}

/// Looks at each event that the records stand for.
fn events<T>(records: &[Translated], look: impl Fn(&Event<'_>) -> T) -> Vec<T> {
    let parse = |record: &Translated| {
        let parsed =
            parser().parse(record.as_ref().unwrap().as_bytes(), "shop", Arrival::Live { now: NOW }).unwrap();
        look(&parsed.event)
    };
    records.iter().map(parse).collect()
}

/// Kind, name and user id.
fn who(event: &Event<'_>) -> (&'static str, String, Option<String>) {
    (event.kind.as_str(), event.name.to_string(), event.user_id.as_ref().map(|id| id.to_string()))
}

fn posthog(body: Value) -> Vec<Translated> {
    posthog::records(&body.to_string(), None, NOW).unwrap()
}

fn has(event: &Event<'_>, kind: IdentifierKind, value: &str) -> bool {
    event.identifiers.contains(&parser().hasher().identifier(kind, value))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_batch_of_posthog() {
    let records = posthog(json!({"api_key": "k", "sent_at": iso_time(NOW - 500), "batch": [
        {"event": "Product Viewed", "distinct_id": "u-1", "uuid": "e-1", "timestamp": iso_time(NOW - 1_500),
         "properties": {"product_id": "p-1", "$lib": "posthog-node", "$set": {"plan": "gold"}, "token": "k"}},
        {"event": "$identify", "distinct_id": "u-1", "uuid": "e-2",
         "properties": {"$anon_distinct_id": "a-1", "$set": {"email": "ann@example.com"}, "$set_once": {"plan": "none"}}},
        {"event": "$pageview", "distinct_id": "u-1", "uuid": "e-3",
         "properties": {"$current_url": "https://shop.example.com/?q=1", "title": "Shop", "$referrer": "$direct"}},
        {"event": "$groupidentify", "distinct_id": "u-1",
         "properties": {"$group_type": "company", "$group_key": "g-1", "$group_set": {"name": "Acme"}}},
        {"distinct_id": "u-1"}, 7,
    ]}));
    let refused: Vec<_> = records[5..].iter().map(|record| record.as_ref().unwrap_err().0.code).collect();
    assert_eq!(refused, [Code::MissingEvent, Code::InvalidField]);
    let user = Some("u-1".to_owned());
    assert_eq!(
        events(&records[..5], who),
        [
            ("identify", "Identified".into(), user.clone()),
            ("track", "Product Viewed".into(), user.clone()),
            ("identify", "Identified".into(), user.clone()),
            ("page", "Page Viewed".into(), user.clone()),
            ("group", "Group Joined".into(), user),
        ]
    );
    let ids = events(&records[..4], |event| event.message_id.to_string());
    assert_eq!(ids, ["e-1:set", "e-1", "e-2", "e-3"]);
    // Its clock is behind by nothing: sent 500 ms before it arrived, a second after the event.
    assert_eq!(events(&records[..2], |event| NOW - event.happened_at), [1_000, 1_000]);
    let viewed = events(&records[1..2], |event| json(&event.properties));
    assert_eq!(viewed, [json!({"product_id": "p-1"})]);
    assert!(
        events(&records[2..3], |e| has(e, IdentifierKind::Anonymous, "a-1")
            && has(e, IdentifierKind::Email, "ann@example.com"))[0]
    );
    let page = events(&records[3..4], |e| {
        (e.context.url.as_deref().map(str::to_owned), e.context.referrer.is_none())
    });
    assert_eq!(page, [(Some("https://shop.example.com/?q=1".to_owned()), true)]);
    assert_eq!(events(&records[4..5], |e| json(&e.properties)["group_id"].clone()), ["g-1"]);
}

#[test]
fn distinct_ids_of_posthog_are_known_or_not() {
    let uuid = "0190a5b2-7c1d-7e3f-8a4b-1c2d3e4f5a6b";
    for (id, properties, known) in [
        ("u-1", json!({}), true),
        ("u-1", json!({"$device_id": uuid}), true),
        (uuid, json!({"$device_id": uuid}), false),
        (uuid, json!({"$lib": "web"}), false),
        (uuid, json!({"$lib": "posthog-python"}), true),
        (uuid, json!({"$lib": "posthog-node", "$process_person_profile": false}), false),
        (uuid, json!({"$lib": "web", "$is_identified": true}), true),
        ("u-1", json!({"$is_identified": false}), false),
        (uuid, json!({"$user_id": "u-1", "$device_id": uuid}), true),
        ("anon-7", json!({}), false),
    ] {
        let records = posthog(json!({"event": "E", "distinct_id": id, "properties": properties}));
        assert_eq!(events(&records, |event| event.user_id.is_some()), [known], "{id} {properties}");
    }
}

#[test]
fn aliases_of_posthog_join_an_anonymous_id_and_a_known_one() {
    for (id, alias) in [("u-1", "anon-1"), ("anon-1", "u-1")] {
        let records = posthog(
            json!({"event": "$create_alias", "distinct_id": id, "properties": {"distinct_id": id, "alias": alias}}),
        );
        let seen = events(&records, |event| {
            (
                event.kind,
                has(event, IdentifierKind::User, "u-1"),
                has(event, IdentifierKind::Anonymous, "anon-1"),
            )
        });
        assert_eq!(seen, [(EventType::Alias, true, true)], "{id}");
    }
}

#[test]
fn what_posthogs_browser_client_sends() {
    let body =
        json!([{"event": "Clicked", "properties": {"distinct_id": "u-1", "token": "k"}, "offset": 3_000}]);
    assert_eq!(events(&posthog(body), |event| NOW - event.happened_at), [3_000]);
    for (body, code) in [
        ("17", Code::InvalidField),
        ("{", Code::InvalidJson),
        ("", Code::InvalidJson),
        (r#"{"batch":{}}"#, Code::InvalidField),
    ] {
        assert_eq!(posthog::records(body, None, NOW).unwrap_err().code, code, "{body}");
    }
}

#[test]
fn the_measurement_protocol() {
    let body = json!({
        "client_id": "c-1.2", "user_id": "u-1", "timestamp_micros": ((NOW - 5_000) * 1_000).to_string(),
        "user_properties": {"tier": {"value": "gold"}},
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"},
        "user_data": {"sha256_email_address": ["x"]},
        "events": [
            {"name": "purchase", "params": {"transaction_id": "o-1", "value": 30.5, "currency": "EUR", "items": [
                {"item_id": "p-1", "item_name": "Cup", "price": 10, "quantity": 2}, {"item_id": "p-2", "price": 10.5}]}},
            {"name": "view_item", "params": {"items": [{"item_id": "p-1", "item_category": "Cups", "price": 10}]}},
            {"name": "page_view", "params": {"page_location": "https://shop.example.com/", "page_title": "Shop"}},
            {"name": "view_item", "params": {}}, {"name": "view_item", "params": {}},
            {"name": "level_up", "params": {"level": 3}, "timestamp_micros": (NOW - 1_000) * 1_000},
            {"name": ""}, 3,
        ],
    });
    let records = ga4::records(&body.to_string(), NOW).unwrap();
    assert_eq!(records.len(), 9);
    assert_eq!(records[8].as_ref().unwrap_err().0.code, Code::InvalidField);
    let nameless = parser().parse(records[7].as_ref().unwrap().as_bytes(), "s", Arrival::Live { now: NOW });
    assert_eq!(nameless.unwrap_err().code, Code::MissingEvent);
    let names: Vec<_> = events(&records[..7], |event| event.name.to_string());
    assert_eq!(
        names,
        [
            "Identified",
            "Order Completed",
            "Product Viewed",
            "Page Viewed",
            "Product Viewed",
            "Product Viewed",
            "level_up"
        ]
    );
    let mut ids = events(&records[..7], |event| event.message_id.to_string());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7, "equal events of a request are two");
    assert_eq!(ga4::records(&body.to_string(), NOW + 9).unwrap(), records, "sent again it is the same");
    let order = events(&records[1..2], |event| {
        let facts = &event.facts;
        (
            facts.order_id.as_deref().map(str::to_owned),
            facts.amount,
            facts.currency.map(|c| c.to_string()),
            facts.items.len(),
        )
    });
    assert_eq!(order, [(Some("o-1".into()), Some(3050), Some("EUR".into()), 2)]);
    let viewed = events(&records[2..3], |e| {
        (e.facts.product_id.as_deref().map(str::to_owned), e.facts.category.as_deref().map(str::to_owned))
    });
    assert_eq!(viewed, [(Some("p-1".into()), Some("Cups".into()))]);
    let everyone = events(&records[..7], |e| {
        has(e, IdentifierKind::User, "u-1") && has(e, IdentifierKind::Anonymous, "c-1.2")
    });
    assert!(everyone.into_iter().all(|both| both));
    assert_eq!(
        events(&records[..7], |event| NOW - event.happened_at),
        [5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 1_000]
    );
    let consent = events(&records[1..2], |e| json(e.context.consent.as_deref().unwrap()));
    assert_eq!(consent, [json!({"marketing": true, "personalisation": false})]);
    assert!(!records[1].as_ref().unwrap().contains("sha256"));
}

#[test]
fn what_the_measurement_protocols_validation_says() {
    let codes = |body: Value| -> Vec<String> {
        ga4::problems(&body.to_string())
            .iter()
            .map(|p| format!("{} {}", p["validationCode"], p["fieldPath"]).replace('"', ""))
            .collect()
    };
    assert!(codes(json!({"client_id": "c", "events": [{"name": "level_up"}]})).is_empty());
    assert_eq!(
        codes(json!({"events": [{"name": "9 lives"}]})),
        ["VALUE_REQUIRED client_id", "NAME_INVALID events[0].name"]
    );
    assert_eq!(codes(json!({"client_id": "c"})), ["VALUE_REQUIRED events"]);
    assert_eq!(codes(json!([])), ["VALUE_INVALID "]);
}

#[test]
fn cloud_events() {
    let body = json!([
        {"specversion": "1.0", "id": "1", "source": "/orders", "type": "com.example.paid", "subject": "u-2",
         "time": iso_time(NOW - 1_000), "region": "eu", "data": {"userId": "u-1", "total": 5}},
        {"specversion": "1.0", "id": "2", "source": "/orders", "type": "Seen", "subject": "u-2", "data": null},
        {"specversion": "1.0", "id": "3", "source": "/orders", "type": "Seen", "subject": "u-2", "data": "text"},
        {"specversion": "1.0", "id": "4", "source": "/orders", "type": "Seen", "subject": "u-2", "data_base64": "eyJhIjoxfQ=="},
        {"specversion": "0.3", "id": "5", "source": "/orders", "type": "Seen"},
        {"specversion": "1.0", "source": "/orders", "type": "Seen"},
    ]);
    let records = cloudevents::records(&body.to_string()).unwrap();
    let fields: Vec<_> = records[4..].iter().map(|r| r.as_ref().unwrap_err().0.field.clone()).collect();
    assert_eq!(fields, ["specversion", "id"]);
    let user = |id: &str| Some(id.to_owned());
    assert_eq!(
        events(&records[..2], who),
        [("track", "com.example.paid".into(), user("u-1")), ("track", "Seen".into(), user("u-2")),]
    );
    let first =
        events(&records[..1], |e| (e.message_id.to_string(), NOW - e.happened_at, json(&e.properties)));
    assert_eq!(first, [("/orders#1".to_owned(), 1_000, json!({"total": 5}))]);
    let rest = events(&records[..1], |e| json(e.context.rest.as_deref().unwrap()));
    assert_eq!(rest, [json!({"cloudevents": {"source": "/orders", "subject": "u-2", "region": "eu"}})]);
    assert_eq!(events(&records[2..4], |e| json(&e.properties)), [json!({"data": "text"}), json!({"a": 1})]);

    let attributes =
        [("specversion", "1.0"), ("ID", "9"), ("source", "/s"), ("type", "Seen"), ("subject", "u-3")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let record = cloudevents::binary(&attributes, br#"{"a":2}"#);
    assert_eq!(
        events(&[record.map_err(|r| (r, String::new()))], who),
        [("track", "Seen".into(), user("u-3"))]
    );
    assert_eq!(cloudevents::binary(&attributes[1..], b"").unwrap_err().field, "specversion");
}

#[test]
fn pixels() {
    let parameters = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let record = |pairs: &[(&str, &str)], kind| pixel::record(&parameters(pairs), kind);
    let opened = record(
        &[("writeKey", "k"), ("event", "Email Opened"), ("userId", "u-1"), ("campaign", "may"), ("_", "7")],
        None,
    );
    let opened = [opened.map_err(|r| (r, String::new()))];
    assert_eq!(events(&opened, who), [("track", "Email Opened".into(), Some("u-1".into()))]);
    assert_eq!(events(&opened, |e| json(&e.properties)), [json!({"campaign": "may"})]);
    // printf '{"anonymousId":"a-1","properties":{"x":1}}' | base64, without its padding
    let data = "eyJhbm9ueW1vdXNJZCI6ImEtMSIsInByb3BlcnRpZXMiOnsieCI6MX19";
    let viewed = [record(&[("data", data)], Some(EventType::Page)).map_err(|r| (r, String::new()))];
    assert_eq!(events(&viewed, who), [("page", "Page Viewed".into(), None)]);
    assert_eq!(record(&[("data", "!")], None).unwrap_err().code, Code::InvalidJson);
}

#[test]
fn deep_and_large_bodies_are_refused() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let refused = |records: Result<Vec<Translated>, Rejection>| match records {
        Err(rejection) => rejection.code,
        Ok(records) => match &records[0] {
            Err((rejection, _)) => rejection.code,
            Ok(record) => {
                parser().parse(record.as_bytes(), "s", Arrival::Live { now: NOW }).unwrap_err().code
            }
        },
    };
    let event =
        format!(r#"{{"event":"E","distinct_id":"u","name":"e","type":"t","properties":{{"x":{deep}}}}}"#);
    assert_eq!(refused(posthog::records(&event, None, NOW)), Code::TooDeep);
    assert_eq!(refused(posthog::records(&format!(r#"{{"batch":[{event}]}}"#), None, NOW)), Code::TooDeep);
    assert_eq!(
        refused(ga4::records(&format!(r#"{{"client_id":"c","events":[{event}]}}"#), NOW)),
        Code::TooDeep
    );
    assert_eq!(refused(cloudevents::records(&event)), Code::TooDeep);
    assert_eq!(refused(cloudevents::records(&deep)), Code::TooDeep);
    let long = format!(r#"{{"event":"E","distinct_id":"u","x":"{}"}}"#, "x".repeat(Parser::MAX_BYTES));
    assert_eq!(refused(posthog::records(&long, None, NOW)), Code::TooLarge);
    let many = format!("[{}1]", "1,".repeat(Parser::MAX_BATCH));
    assert_eq!(refused(posthog::records(&many, None, NOW)), Code::TooLarge);
}

#[test]
fn merge_calls_and_contexts_of_batches() {
    let body = json!({
        "context": {"locale": "zh-CN", "page": {"url": "https://a.example.com/"}, "app": {"version": "1"}, "x": 1},
        "batch": [
            {"type": "merge", "mergeProperties": [{"type": "anonymous_id", "value": "a-1"}, {"type": "user_id", "value": "u-1"}]},
            {"type": "merge", "mergeProperties": [{"type": "email", "value": "Ann@Example.com"}, {"type": "userId", "value": 7.5}],
             "context": {"locale": "de-DE", "page": {"title": "T"}, "x": 2}},
            {"type": "merge", "mergeProperties": [{"type": "user_id", "value": "u-1"}, {"type": "user_id", "value": "u-2"}]},
            {"type": "merge", "mergeProperties": {}},
        ],
    });
    let (parser, body) = (parser(), body.to_string());
    let records = parser.parse_batch(body.as_bytes(), "s", Arrival::Live { now: NOW }).unwrap();
    let seen = |nth: usize| &records[nth].as_ref().unwrap().event;
    assert!(
        seen(0).kind == EventType::Alias
            && has(seen(0), IdentifierKind::User, "u-1")
            && has(seen(0), IdentifierKind::Anonymous, "a-1")
    );
    assert!(
        has(seen(1), IdentifierKind::Email, "ann@example.com") && has(seen(1), IdentifierKind::User, "7.5")
    );
    assert_eq!(seen(0).context.locale.as_deref(), Some("zh-CN"));
    let own = &seen(1).context;
    assert_eq!(
        (own.locale.as_deref(), own.url.as_deref(), own.title.as_deref()),
        (Some("de-DE"), Some("https://a.example.com/"), Some("T"))
    );
    assert_eq!(json(own.rest.as_deref().unwrap()), json!({"x": 2}));
    for nth in [2, 3] {
        assert_eq!(records[nth].as_ref().unwrap_err().0.field, "mergeProperties");
    }
}
