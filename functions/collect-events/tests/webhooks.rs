//! Webhooks of shop systems, from signed bodies to events.

#[path = "../../../shared/event/tests/ports/mod.rs"]
mod ports;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use collect_events::{Deps, Request, Response, Webhooks, WriteKeys, run};
use event::dialect::{ShopSystem, WebhookSource};
use event::{Asked, IdentifierKind, Parser, ParserSettings, PortError, Pseudonymizer};
use hmac::{Hmac, KeyInit, Mac};
use pollster::block_on;
use ports::Memory;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;

/// 2026-11-22T10:00:00Z
const NOW: i64 = 1_795_341_600_000;
const ORDER: &str = include_str!("webhooks/shopify-order.json");
const WOO: &str = include_str!("webhooks/woocommerce-order.json");

fn keys(completed_when_paid: bool) -> WriteKeys {
    let source = |system| WebhookSource { system, completed_when_paid };
    let sources = BTreeMap::from([
        ("shop".to_owned(), source(ShopSystem::Shopify)),
        ("woo".to_owned(), source(ShopSystem::WooCommerce)),
        ("silent".to_owned(), source(ShopSystem::Shopify)),
    ]);
    let secrets = br#"{"shop": "hush", "woo": "hush-hush", "silent": ""}"#;
    WriteKeys::default().and_webhooks(Webhooks::new(&sources, secrets).unwrap())
}

fn signature(body: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

fn send(memory: &Memory, keys: &WriteKeys, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let parser = Parser::new(Pseudonymizer::new(b"test key"), ParserSettings::default());
    let deps = Deps {
        bus: memory,
        vault: memory,
        quarantine: memory,
        requests: memory,
        parser: &parser,
        write_keys: keys,
    };
    let request = Request { method: "POST", path, query: "", headers, body, now: NOW };
    block_on(run(&deps, &request))
}

fn shopify(memory: &Memory, topic: &str, body: &Value) -> Response {
    let body = body.to_string();
    let signature = signature(body.as_bytes(), "hush");
    let headers = [("X-Shopify-Topic", topic), ("X-Shopify-Hmac-Sha256", signature.as_str())];
    send(memory, &keys(false), "/webhooks/shop", &headers, body.as_bytes())
}

fn woo(memory: &Memory, topic: &str, body: &Value, paid: bool) -> Response {
    let body = body.to_string();
    let signature = signature(body.as_bytes(), "hush-hush");
    let headers = [("x-wc-webhook-topic", topic), ("x-wc-webhook-signature", signature.as_str())];
    send(memory, &keys(paid), "/webhooks/woo", &headers, body.as_bytes())
}

fn named(memory: &Memory) -> Vec<(String, String)> {
    memory.events(|event| (event.name.to_string(), event.message_id.to_string()))
}

#[test]
fn an_order_of_shopify() {
    let memory = Memory::default();
    let order: Value = serde_json::from_str(ORDER).unwrap();
    assert_eq!(shopify(&memory, "orders/create", &order).status, 200);
    let expected = [
        ("Order Completed", "shop:order:820982911946154508:completed"),
        ("Identified", "shop:order:820982911946154508:customer"),
        ("Identified", "shop:order:820982911946154508:consent:email"),
    ];
    assert_eq!(named(&memory), expected.map(|(name, id)| (name.to_owned(), id.to_owned())));
    let facts = memory.events(|event| {
        (event.facts.amount, event.facts.currency.map(|c| c.to_string()), event.facts.items.len())
    });
    assert_eq!(facts[0], (Some(40_397), Some("EUR".to_owned()), 2));
    let times = memory.events(|event| event::iso_time(event.happened_at));
    assert_eq!(times[0], "2026-11-22T09:30:00.000Z");
    let kinds = memory.events(|event| event.identifiers.iter().map(|id| id.kind).collect::<Vec<_>>());
    use IdentifierKind::{Email, Order, Phone, User};
    assert_eq!(kinds[0], [User, Email, Phone, Order]);
    let consents = memory.events(|event| event.context.consent.as_deref().map(str::to_owned));
    assert_eq!(consents[2].as_deref(), Some("{\"email\":true}"));
    // Who it is is in the vault, and nowhere on the bus.
    let secrets = memory.secrets.borrow();
    let mut fields: Vec<_> = secrets.iter().map(|secret| secret.field.as_str()).collect();
    fields.sort_unstable();
    fields.dedup();
    assert_eq!(fields, ["address", "email", "first_name", "last_name", "phone"]);
    let bus = memory.published.borrow().concat();
    for raw in ["jon@example.com", "Snow", "+1415555", "King's Street"] {
        assert!(!String::from_utf8_lossy(&bus).contains(raw), "{raw}");
    }
}

#[test]
fn an_order_counts_once() {
    let order: Value = serde_json::from_str(ORDER).unwrap();
    let completed =
        |memory: &Memory| named(memory).iter().filter(|(name, _)| name == "Order Completed").count();
    let memory = Memory::default();
    for topic in ["orders/create", "orders/paid", "orders/updated", "orders/fulfilled", "orders/cancelled"] {
        assert_eq!(shopify(&memory, topic, &order).status, 200);
    }
    assert_eq!(completed(&memory), 1);
    let names: Vec<_> =
        named(&memory).into_iter().map(|(name, _)| name).filter(|name| name != "Identified").collect();
    assert_eq!(
        names,
        ["Order Completed", "Order Updated", "Order Updated", "Order Updated", "Order Cancelled"]
    );

    let order: Value = serde_json::from_str(WOO).unwrap();
    let with = |status: &str, paid: Value, modified: &str, method: &str| {
        let mut order = order.clone();
        order["status"] = json!(status);
        order["date_paid_gmt"] = paid;
        order["date_modified_gmt"] = json!(modified);
        order["payment_method"] = json!(method);
        order
    };
    let at = "2026-11-22T09:40:00";
    let later = "2026-11-24T10:00:00";
    // Placed, then paid, then sent: by card, and paid at the door.
    for (method, steps, when_paid) in [
        (
            "card",
            vec![
                ("order.created", with("pending", json!(null), at, "card")),
                ("order.updated", with("processing", json!(at), at, "card")),
                ("order.updated", with("completed", json!(at), later, "card")),
            ],
            false,
        ),
        (
            "cod",
            vec![
                ("order.created", with("processing", json!(null), at, "cod")),
                ("order.updated", with("completed", json!(later), later, "cod")),
            ],
            false,
        ),
        (
            "cod, when paid",
            vec![
                ("order.created", with("processing", json!(null), at, "cod")),
                ("order.updated", with("completed", json!(later), later, "cod")),
            ],
            true,
        ),
    ] {
        let memory = Memory::default();
        for (topic, order) in &steps {
            assert_eq!(woo(&memory, topic, order, when_paid).status, 200);
        }
        assert_eq!(completed(&memory), 1, "{method}: {:?}", named(&memory));
    }
}

#[test]
fn an_order_of_woocommerce_and_its_refund() {
    let memory = Memory::default();
    let mut order: Value = serde_json::from_str(WOO).unwrap();
    assert_eq!(woo(&memory, "order.created", &order, false).status, 200);
    let facts = memory.events(|event| (event.facts.amount, event.facts.items.len(), event.kind));
    assert_eq!((facts[0].0, facts[0].1, facts.len()), (Some(2_935), 2, 2));
    assert_eq!(memory.events(|event| event::iso_time(event.happened_at))[0], "2026-11-22T09:30:00.000Z");
    order["refunds"] = json!([{"id": 726, "reason": "torn", "total": "-10.00"}]);
    order["date_modified_gmt"] = json!("2026-11-22T09:50:00");
    let memory = Memory::default();
    assert_eq!(woo(&memory, "order.updated", &order, false).status, 200);
    assert_eq!(named(&memory)[1], ("Order Refunded".to_owned(), "woo:refund:726".to_owned()));
    assert_eq!(memory.events(|event| event.facts.amount)[1], Some(1_000));
    // A guest is known by the contacts alone.
    order["customer_id"] = json!(0);
    let memory = Memory::default();
    woo(&memory, "order.updated", &order, false);
    assert!(memory.events(|event| event.user_id.is_none()).iter().all(|guest| *guest));
}

#[test]
fn refunds_and_customers_of_shopify() {
    let memory = Memory::default();
    let refund = json!({
        "id": 890088186047892319_u64, "order_id": 820982911946154508_u64, "created_at": "2026-11-22T10:00:00+01:00",
        "refund_line_items": [{"quantity": 1, "line_item": {"product_id": 632910392, "price": "199.00", "quantity": 2}}],
        "transactions": [{"kind": "refund", "status": "success", "amount": "0.10", "currency": "EUR"},
            {"kind": "refund", "status": "success", "amount": "0.20", "currency": "EUR"},
            {"kind": "refund", "status": "failure", "amount": "9.00", "currency": "EUR"}]
    });
    assert_eq!(shopify(&memory, "refunds/create", &refund).status, 200);
    assert_eq!(
        memory.events(|event| (event.name.to_string(), event.facts.amount)),
        [("Order Refunded".to_owned(), Some(30))]
    );
    // It is about whom the order is.
    let order: Value = serde_json::from_str(ORDER).unwrap();
    shopify(&memory, "orders/create", &order);
    let of_kind = |kind| memory.events(|event| event.identifiers.iter().find(|id| id.kind == kind).copied());
    let orders = of_kind(IdentifierKind::Order);
    assert!(orders[0].is_some() && orders[0] == orders[1]);
    // However many orders somebody places, their number of external ids stays.
    assert!(of_kind(IdentifierKind::External).iter().all(Option::is_none));

    let memory = Memory::default();
    let customer = json!({
        "id": 706405506930370084_u64, "email": "bob@example.com", "first_name": "Bob", "updated_at": "2026-11-22T09:00:00Z",
        "email_marketing_consent": {"state": "unsubscribed", "consent_updated_at": "2026-11-21T09:00:00Z"},
        "sms_marketing_consent": {"state": "not_subscribed", "consent_updated_at": null}
    });
    assert_eq!(shopify(&memory, "customers/update", &customer).status, 200);
    let consents = memory.events(|event| {
        (event.context.consent.as_deref().map(str::to_owned), event::iso_time(event.happened_at))
    });
    assert_eq!(consents.len(), 2);
    assert_eq!(consents[1], (Some("{\"email\":false}".to_owned()), "2026-11-21T09:00:00.000Z".to_owned()));
}

#[test]
fn what_a_customer_asks_for_by_law_is_kept_once() {
    let memory = Memory::default();
    let request = json!({"shop_id": 1, "customer": {"id": 191167, "email": "John@Example.com", "phone": "555-625-1199"},
        "orders_to_redact": [299938]});
    for topic in ["customers/redact", "customers/redact", "customers/data_request", "shop/redact"] {
        assert_eq!(shopify(&memory, topic, &request).status, 200, "{topic}");
    }
    let another = json!({"shop_id": 1, "customer": {"id": 191168}});
    assert_eq!(shopify(&memory, "customers/redact", &another).status, 200);
    let kept = memory.requests.borrow();
    let asked: Vec<_> = kept
        .iter()
        .map(|request| (request.asked, request.source.as_str(), request.identifiers.len()))
        .collect();
    let hasher = Pseudonymizer::new(b"test key");
    assert_eq!(
        asked,
        [
            (Asked::Erase, "shop", kept[0].identifiers.len()),
            (Asked::Export, "shop", kept[0].identifiers.len()),
            (Asked::EraseShop, "shop", 0),
            (Asked::Erase, "shop", 1),
        ]
    );
    let ids: Vec<_> = kept[0].identifiers.iter().filter_map(event::NamedKey::identifier).collect();
    assert!(ids.contains(&hasher.identifier(IdentifierKind::User, "191167")), "{ids:?}");
    assert!(ids.contains(&hasher.identifier(IdentifierKind::Email, "john@example.com")), "{ids:?}");
    // It names nobody in clear, and makes nobody known who was not.
    let text = serde_json::to_string(&*kept).unwrap();
    assert!(["191167", "ohn", "555"].iter().all(|raw| !text.contains(raw)), "{text}");
    assert!(memory.published.borrow().is_empty() && memory.secrets.borrow().is_empty());
}

#[test]
fn a_request_that_cannot_be_kept_is_asked_for_again() {
    let memory = Memory::default();
    let unavailable = || PortError::Unavailable { what: "the privacy files", reason: "down".into() };
    memory.broken.set(Some(("requests", unavailable)));
    let request = json!({"shop_id": 1, "customer": {"id": 191167}});
    assert_eq!(shopify(&memory, "customers/redact", &request).status, 503);
    // One that names nobody is seen by somebody.
    memory.broken.set(None);
    assert_eq!(shopify(&memory, "customers/redact", &json!({"shop_id": 1})).status, 200);
    assert_eq!((memory.requests.borrow().len(), memory.quarantined.borrow().len()), (0, 1));
}

#[test]
fn only_who_knows_the_secret_may_send() {
    let memory = Memory::default();
    let right = signature(ORDER.as_bytes(), "hush");
    let topic = ("x-shopify-topic", "orders/create");
    let sent = |path: &str, given: &str| {
        send(&memory, &keys(false), path, &[topic, ("x-shopify-hmac-sha256", given)], ORDER.as_bytes())
    };
    for wrong in [
        "",
        "x",
        &right[1..],
        &signature(b"other", "hush"),
        &signature(ORDER.as_bytes(), "hash"),
        &right.to_lowercase(),
    ] {
        let response = sent("/webhooks/shop", wrong);
        assert_eq!(response.status, 401, "{wrong}");
        assert!(String::from_utf8_lossy(&response.body).contains("invalid_signature"));
    }
    for unknown in ["/webhooks/other", "/webhooks/silent", "/webhooks/", "/webhooks"] {
        assert_eq!(sent(unknown, &right).status, 404, "{unknown}");
    }
    assert!(memory.published.borrow().is_empty() && memory.quarantined.borrow().is_empty());
    assert_eq!(sent("/webhooks/shop/", &right).status, 200);
    let ping = send(
        &memory,
        &keys(false),
        "/webhooks/woo",
        &[("content-type", "application/x-www-form-urlencoded")],
        b"webhook_id=7",
    );
    assert_eq!(ping.status, 200);
    let unsigned = send(
        &memory,
        &keys(false),
        "/webhooks/woo",
        &[("x-wc-webhook-topic", "order.created")],
        b"webhook_id=7",
    );
    assert_eq!(unsigned.status, 401);
}

#[test]
fn a_signed_body_that_cannot_be_read_is_kept_once() {
    for body in
        [json!(7), json!({}), json!({"id": 1, "line_items": {"a": 1}, "customer": [1], "discount_codes": 7})]
    {
        let memory = Memory::default();
        let response = shopify(&memory, "orders/create", &body);
        // To send it again would change nothing.
        assert_eq!(response.status, 200, "{body}");
        assert!(memory.published.borrow().len() + memory.quarantined.borrow().len() > 0, "{body}");
    }
}
