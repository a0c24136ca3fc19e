//! Records of the Segment spec with a value in every field that there is.

use super::IP;
use serde_json::{Value, json};

/// Records that hold a value in every field that there is.
pub fn records(value: &str, n: usize) -> Vec<Value> {
    let id = |name: &str| format!("{name}-{n}");
    let everywhere = json!({
        "messageId": format!("{value} {n}"), "type": "track", "event": format!("Wrote {value}"), "name": value,
        "category": value, "userId": id("u"), "anonymousId": value, "previousId": value, "groupId": value,
        "timestamp": "2026-11-22T10:00:00Z", "originalTimestamp": value, "channel": value, "version": value,
        "integrations": {"All": true, value: value},
        "properties": {
            "note": format!("Please write to {value}, thanks"), "link": format!("https://shop.example/?q={}", value.replace(' ', "+")),
            "product_id": value, "category": value, "brand": value,
            "order_id": value, "currency": "EUR", "price": 12.5, "channel": value, "coupon": value,
            "products": [{"product_id": value, "name": value, "price": 1, value: 1}],
            "nested": {"deep": [{"deeper": [value]}]}, value: "a key", "chat": [{"from": "customer", "text": format!("我的是{value}。")}],
        },
        "traits": {"nickname": value, "tags": [value], value: value},
        "context": {
            "ip": IP, "locale": value, "timezone": value, "userAgent": format!("Agent/1.0 ({value})"),
            "page": {"url": format!("https://shop.example/{}?q={}", value.replace(' ', "%20"), value.replace(' ', "+")),
                "path": format!("/{value}"), "title": value, "referrer": format!("https://r.example/?from={value}"), "search": format!("?q={value}")},
            "campaign": {"source": value, "medium": value, "name": value, "term": value, "content": value},
            "device": {"id": value, "model": value, "type": value}, "os": {"name": value, "version": value},
            "app": {"name": value, "version": if value == IP { "1.0" } else { value }}, "library": {"name": value, "version": "1.0"},
            "externalIds": [{"id": value, "type": "crm"}, {"id": value, "type": value}],
            "consent": {"categoryPreferences": {"analytics": true, value: true}, "version": value, "method": value},
            "anything": {value: [value]},
        },
    });
    let as_type = |kind: &str| {
        let mut record = everywhere.clone();
        record["type"] = json!(kind);
        record["messageId"] = json!(format!("{kind} {value} {n}"));
        record
    };
    let mut withheld = everywhere.clone();
    withheld["context"]["consent"]["categoryPreferences"]["analytics"] = json!(false);
    withheld["messageId"] = json!(format!("withheld {value} {n}"));
    let mut named = everywhere.clone();
    (named["userId"], named["messageId"]) = (json!(value), json!(id("named")));
    let mut all = vec![everywhere.clone(), withheld, named];
    all.extend(["identify", "page", "screen", "group", "alias"].map(as_type));
    all
}

/// What is refused: kept sealed, or not at all.
pub fn refused(value: &str) -> Vec<Value> {
    vec![
        json!({"type": value, "userId": "u", "properties": {"note": value}}),
        json!({"type": "track", "userId": "u", "properties": {"note": value}}),
        json!({"type": "track", "event": value, "userId": "null", "properties": {"note": value}}),
        json!({"type": "track", "event": "Odd", "userId": {"is": value}}),
        json!({"type": "track", "event": "Odd", "userId": "u", "properties": value}),
    ]
}
