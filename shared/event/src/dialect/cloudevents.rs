//! CloudEvents 1.0 over HTTP: binary, structured and batched.
//!
//! `type` is the event's name; `data.userId`, else `subject`, the person; `time` when it happened; `source` and `id`
//! together what tells it from others. An object in `data` becomes the properties, any other value one property
//! named `data`. Extension attributes go to the context, beside `source`.

use super::Translated;
use super::members;
use super::record::{Record, as_text, take_object, take_text};
use crate::{Code, EventType, Rejection};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The records of a structured event or of a batch of them, whichever the body is.
///
/// # Errors
/// A body that is neither.
pub fn records(body: &str) -> Result<Vec<Translated>, Rejection> {
    let members = match body.trim_start().starts_with('[') {
        true => members::array(body)?.into_iter().map(RawValue::get).collect(),
        false => vec![body],
    };
    let record = |member: &str| match members::object(member).and_then(translate) {
        Ok(record) => Ok(record.into_text()),
        Err(rejection) => Err((rejection, member.to_owned())),
    };
    Ok(members.into_iter().map(record).collect())
}

/// The record of a binary event: its attributes (`ce-` headers without the prefix, decoded) and its data.
///
/// # Errors
/// An attribute that is missing or of no use.
pub fn binary(attributes: &[(String, String)], data: &[u8]) -> Result<String, Rejection> {
    crate::fault::check_size(data.len())?;
    let mut fields: Map<String, Value> =
        attributes.iter().map(|(name, value)| (name.to_ascii_lowercase(), json!(value))).collect();
    if !data.is_empty() {
        let text = std::str::from_utf8(data)
            .map_err(|_| Rejection::new(Code::InvalidUtf8, "data", "not UTF-8; send JSON or text"))?;
        let data = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        fields.insert("data".into(), data);
    }
    translate(fields).map(Record::into_text)
}

fn translate(mut fields: Map<String, Value>) -> Result<Record, Rejection> {
    let mut required = |name: &str| {
        let missing = || {
            let reason = format!("a CloudEvent needs the attribute `{name}`, a text that is not empty");
            Rejection::new(Code::InvalidField, name, reason)
        };
        take_text(&mut fields, &[name]).ok_or_else(missing)
    };
    let version = required("specversion")?;
    if version != "1.0" && !version.starts_with("1.0.") {
        let reason = "only version 1.0 of CloudEvents is taken";
        return Err(Rejection::new(Code::InvalidField, "specversion", reason));
    }
    let (id, source, name) = (required("id")?, required("source")?, required("type")?);
    let mut properties = match fields.shift_remove("data") {
        Some(Value::Object(data)) => data,
        None | Some(Value::Null) => Map::new(),
        Some(other) => Map::from_iter([("data".to_owned(), other)]),
    };
    if let Some(text) = take_text(&mut fields, &["data_base64"]) {
        properties =
            decoded(&text).unwrap_or_else(|| Map::from_iter([("data_base64".to_owned(), json!(text))]));
    }
    let mut record = Record::new(EventType::Track);
    record.text("event", name).text("messageId", format!("{source}#{id}"));
    record.set("timestamp", take_text(&mut fields, &["time"]).map(Value::String));
    let subject = take_text(&mut fields, &["subject"]);
    let user = take_text(&mut properties, &["userId", "user_id"]).or_else(|| subject.clone());
    record.set("userId", user.map(Value::String));
    let anonymous = take_text(&mut properties, &["anonymousId", "anonymous_id"]);
    record.set("anonymousId", anonymous.map(Value::String));
    record.context(&["traits"], Some(Value::Object(take_object(&mut properties, "traits"))));
    record.set("properties", Some(Value::Object(properties)));
    fields.shift_remove("datacontenttype");
    record.context(&["cloudevents", "source"], Some(Value::String(source)));
    record.context(&["cloudevents", "subject"], subject.map(Value::String));
    for (name, value) in fields {
        record.context(&["cloudevents", &name], as_text(&value).map(Value::String));
    }
    Ok(record)
}

/// An object in base64.
fn decoded(text: &str) -> Option<Map<String, Value>> {
    let bytes = super::base64::decode(text)?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}
