//! Google Analytics 4: the Measurement Protocol's bodies.
//!
//! `client_id` (or an app's `app_instance_id`) is an anonymous id, `user_id` a user id. Events that the e-commerce spec
//! knows get its names, `items` become `products`; all others keep theirs. `user_data` holds hashes of personal data
//! that nothing here can use, and is dropped.

use super::Translated;
use super::members;
use super::record::{Record, as_text, take_object, take_text};
use crate::fault::json_rejection;
use crate::{Code, EventType, Rejection, iso_time};
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

/// Names of events, and what the e-commerce spec calls them.
const EVENTS: [(&str, &str); 16] = [
    ("purchase", "Order Completed"),
    ("refund", "Order Refunded"),
    ("view_item", "Product Viewed"),
    ("view_item_list", "Product List Viewed"),
    ("select_item", "Product Clicked"),
    ("add_to_cart", "Product Added"),
    ("remove_from_cart", "Product Removed"),
    ("add_to_wishlist", "Product Added to Wishlist"),
    ("view_cart", "Cart Viewed"),
    ("begin_checkout", "Checkout Started"),
    ("add_payment_info", "Payment Info Entered"),
    ("search", "Products Searched"),
    ("view_promotion", "Promotion Viewed"),
    ("select_promotion", "Promotion Clicked"),
    ("sign_up", "Signed Up"),
    ("login", "Signed In"),
];

/// Names of parameters, and what the e-commerce spec calls them: of an event, then of one of its items.
const PARAMETERS: [(&str, &str); 2] = [("transaction_id", "order_id"), ("search_term", "query")];
const ITEM: [(&str, &str); 6] = [
    ("item_id", "product_id"),
    ("item_name", "name"),
    ("item_brand", "brand"),
    ("item_category", "category"),
    ("item_variant", "variant"),
    ("index", "position"),
];

/// Most events of one request, by the protocol.
const MAX_EVENTS: usize = 25;
/// Longest name of an event, by the protocol.
const MAX_NAME: usize = 40;

/// The records of a body. `now` (UTC ms) is when it arrived.
///
/// # Errors
/// A body that is not the protocol's.
pub fn records(body: &str, now: i64) -> Result<Vec<Translated>, Rejection> {
    let mut fields = match serde_json::from_str(body).map_err(|e| json_rejection(&e))? {
        Value::Object(fields) => fields,
        _ => return Err(Rejection::new(Code::InvalidField, "", "the body must be an object")),
    };
    let Some(Value::Array(events)) = fields.shift_remove("events") else {
        return Err(Rejection::new(Code::InvalidField, "events", "there is no events array"));
    };
    let at = fields.get("timestamp_micros").and_then(micros);
    let mut base = Record::new(EventType::Track);
    base.set("anonymousId", take_text(&mut fields, &["client_id", "app_instance_id"]).map(Value::String));
    base.set("userId", take_text(&mut fields, &["user_id"]).map(Value::String));
    base.context(&["consent", "categoryPreferences"], consent(take_object(&mut fields, "consent")));
    base.context(&["library", "name"], Some(json!("ga4")));
    let time = |record: &mut Record, own: Option<i64>| {
        if let Some(ms) = own.or(at) {
            record.text("timestamp", iso_time(ms));
        }
    };
    // Two equal events of one request are two, and a request that is sent again is the same.
    let seed = if at.is_some() { 0 } else { now as u64 };
    let id = |nth: usize| {
        format!("ga4-{:032x}", xxh3_128_with_seed(body.as_bytes(), seed ^ xxh3_64(&nth.to_le_bytes())))
    };

    let mut records = Vec::with_capacity(events.len() + 1);
    let traits: Map<String, Value> = take_object(&mut fields, "user_properties")
        .into_iter()
        .map(|(name, value)| (name, value.get("value").cloned().unwrap_or(value)))
        .collect();
    if !traits.is_empty() {
        let mut record = base.clone();
        record
            .text("type", "identify")
            .text("messageId", id(usize::MAX))
            .set("traits", Some(Value::Object(traits)));
        time(&mut record, None);
        records.push(Ok(record.into_text()));
    }
    for (nth, event) in events.into_iter().enumerate() {
        let text = event.to_string();
        records.push(match members::object(&text) {
            Ok(mut event) => {
                let mut record = base.clone();
                record.text("messageId", id(nth));
                time(&mut record, event.get("timestamp_micros").and_then(micros));
                translate(&mut record, &mut event);
                Ok(record.into_text())
            }
            Err(rejection) => Err((rejection, text)),
        });
    }
    Ok(records)
}

fn translate(record: &mut Record, event: &mut Map<String, Value>) {
    let name = take_text(event, &["name"]).unwrap_or_default();
    let mut properties = take_object(event, "params");
    let mut page = |path: &[&str], name: &str| {
        let text = take_text(&mut properties, &[name]).map(Value::String);
        record.context(path, text);
    };
    page(&["page", "url"], "page_location");
    page(&["page", "referrer"], "page_referrer");
    page(&["page", "title"], "page_title");
    rename(&mut properties, &PARAMETERS);
    if let Some(Value::Array(mut items)) = properties.shift_remove("items") {
        for item in &mut items {
            if let Value::Object(item) = item {
                rename(item, &ITEM);
            }
        }
        // An event about one product says so itself.
        if let ([Value::Object(item)], true) =
            (items.as_slice(), name.ends_with("_item") || name.contains("_to_") || name.contains("_from_"))
        {
            for (name, value) in item.clone() {
                properties.entry(name).or_insert(value);
            }
        }
        properties.insert("products".into(), Value::Array(items));
    }
    let known = EVENTS.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours);
    match name.as_str() {
        "page_view" => drop(record.text("type", "page")),
        "screen_view" => {
            let screen = take_text(&mut properties, &["screen_name", "firebase_screen"]);
            record.text("type", "screen").set("name", screen.map(Value::String));
        }
        name => drop(record.text("event", known.unwrap_or(name))),
    }
    record.set("properties", Some(Value::Object(properties)));
}

/// What the protocol's own validation (`/debug/mp/collect`) says of a body; nothing of one that is right.
pub fn problems(body: &str) -> Vec<Value> {
    let problem = |code: &str, field: &str, text: &str| json!({"validationCode": code, "fieldPath": field, "description": text});
    let Ok(Value::Object(fields)) = serde_json::from_str(body) else {
        return vec![problem("VALUE_INVALID", "", "The body must be a JSON object.")];
    };
    let mut found = Vec::new();
    if !["client_id", "app_instance_id", "user_id"]
        .iter()
        .any(|name| fields.get(*name).and_then(as_text).is_some())
    {
        found.push(problem(
            "VALUE_REQUIRED",
            "client_id",
            "A client_id, app_instance_id or user_id is needed.",
        ));
    }
    match fields.get("events").and_then(Value::as_array) {
        None => found.push(problem("VALUE_REQUIRED", "events", "An events array is needed.")),
        Some(events) => {
            if events.len() > MAX_EVENTS {
                found.push(problem("EXCEEDED_MAX_ENTITIES", "events", "A request may have 25 events."));
            }
            for (nth, event) in events.iter().enumerate().take(100) {
                let name = event.get("name").and_then(Value::as_str).unwrap_or_default();
                let starts = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
                let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if !starts || !plain || name.len() > MAX_NAME {
                    let text =
                        "An event needs a name of a letter, then up to 39 letters, digits and underscores.";
                    found.push(problem("NAME_INVALID", &format!("events[{nth}].name"), text));
                }
            }
        }
    }
    found
}

fn rename(fields: &mut Map<String, Value>, names: &[(&str, &str)]) {
    for (theirs, ours) in names {
        if !fields.contains_key(*ours)
            && let Some(value) = fields.shift_remove(*theirs)
        {
            fields.insert((*ours).to_owned(), value);
        }
    }
}

/// `{"ad_user_data": "GRANTED", …}` as preferences by category.
fn consent(fields: Map<String, Value>) -> Option<Value> {
    let answers = fields.into_iter().filter_map(|(name, answer)| match answer.as_str()? {
        "GRANTED" => Some((name, Value::Bool(true))),
        "DENIED" => Some((name, Value::Bool(false))),
        _ => None,
    });
    Some(Value::Object(answers.collect()))
}

fn micros(value: &Value) -> Option<i64> {
    let micros = match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    };
    micros.filter(|at: &i64| *at > 0).map(|at| at / 1_000)
}
