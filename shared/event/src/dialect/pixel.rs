//! A picture of one dot, whose address tells what happened: `data` in base64, or plain parameters.

use super::record::as_text;
use crate::{Code, EventType, Rejection};
use serde_json::{Map, Value, json};

/// Parameters that are fields of a record; every other one is a property.
const FIELDS: [&str; 12] = [
    "type",
    "event",
    "name",
    "category",
    "userId",
    "anonymousId",
    "previousId",
    "groupId",
    "messageId",
    "timestamp",
    "sentAt",
    "originalTimestamp",
];
/// Parameters whose text is a JSON object.
const OBJECTS: [&str; 3] = ["properties", "traits", "context"];
/// Parameters that are for others than the record: keys, what keeps a browser from its cache, what others ask for.
const OTHERS: [&str; 10] =
    ["data", "writeKey", "write_key", "api_key", "apiKey", "token", "key", "_", "cb", "cachebuster"];

/// The record of an address. `parameters` are those of its query, decoded; `kind` is the call that its path names.
/// A call that nothing names is a `track` where there is an event's name, else a `page`.
///
/// # Errors
/// A `data` that holds no JSON object.
pub fn record(parameters: &[(String, String)], kind: Option<EventType>) -> Result<String, Rejection> {
    let data = parameters.iter().find(|(name, _)| name == "data").map(|(_, data)| data.as_str());
    let mut record = match data {
        Some(data) => object(data)
            .ok_or_else(|| Rejection::new(Code::InvalidJson, "data", "data is no JSON object in base64"))?,
        None => flat(parameters),
    };
    let call = record.get("type").and_then(as_text).or_else(|| kind.map(|kind| kind.as_str().to_owned()));
    let call = call.unwrap_or_else(|| if record.contains_key("event") { "track" } else { "page" }.to_owned());
    record.insert("type".into(), json!(call));
    Ok(Value::Object(record).to_string())
}

/// The text of a JSON object that is given as it is or in base64.
fn object(data: &str) -> Option<Map<String, Value>> {
    let parse = |text: &[u8]| match serde_json::from_slice(text) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    };
    parse(data.as_bytes()).or_else(|| parse(&super::base64::decode(data)?))
}

fn flat(parameters: &[(String, String)]) -> Map<String, Value> {
    let (mut record, mut properties) = (Map::new(), Map::new());
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        if OBJECTS.contains(&name.as_str()) {
            if let Some(fields) = object(value) {
                match name.as_str() {
                    "properties" => properties.extend(fields),
                    _ => drop(record.insert(name.clone(), Value::Object(fields))),
                }
            }
        } else if FIELDS.contains(&name.as_str()) {
            record.insert(name.clone(), json!(value));
        } else if !OTHERS.contains(&name.as_str()) {
            properties.insert(name.clone(), json!(value));
        }
    }
    if !properties.is_empty() {
        record.insert("properties".into(), Value::Object(properties));
    }
    record
}
