//! What a request asks.

use crate::Request;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;

/// Longest body that is read, bytes.
pub const MAX_SENT: usize = 32 << 10;
/// Most placements of one request.
const MAX_PLACEMENTS: usize = 20;

/// A request that can be answered.
pub(crate) struct Asked {
    pub placements: Vec<String>,
    /// The visitor and where they are, as a record of the Segment spec: so they are cleaned, hashed, and checked for
    /// consent as intake does it.
    pub record: String,
    /// The visitor's ids as they were sent.
    pub user_id: Option<String>,
    pub anonymous_id: Option<String>,
    pub key: Option<String>,
}

/// Why one can't: a code, the field, and what to do.
#[derive(Debug)]
pub(crate) struct Misasked {
    pub status: u16,
    pub code: &'static str,
    pub field: &'static str,
    pub reason: String,
}

/// The name of the event that a request stands for; it goes nowhere.
const EVENT: &str = "Experience Decided";

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    anonymous_id: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
    #[serde(borrow)]
    placements: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    write_key: Option<Cow<'a, str>>,
}

impl Asked {
    /// Reads a POST's body, or a GET's parameters.
    pub fn read(request: &Request<'_>) -> Result<Asked, Misasked> {
        let asked = if request.method == "GET" { of_address(request) } else { of_body(request)? };
        match asked.placements.len() {
            1..=MAX_PLACEMENTS => Ok(asked),
            0 => {
                Err(misasked("placements", "name the placements to decide, like [\"home-hero\"]".to_owned()))
            }
            more => {
                let reason =
                    format!("{more} placements are more than {MAX_PLACEMENTS}; ask in several requests");
                Err(misasked("placements", reason))
            }
        }
    }
}

fn of_body(request: &Request<'_>) -> Result<Asked, Misasked> {
    if request.body.len() > MAX_SENT {
        let reason = format!("the body is longer than {MAX_SENT} bytes; send less of the context");
        return Err(Misasked { status: 413, code: "too_large", field: "", reason });
    }
    let unreadable = |line: usize, column: usize| {
        let reason = format!(
            "the body is no JSON object as it is asked for here, from line {line} column {column} on"
        );
        Misasked { status: 400, code: "invalid_json", field: "", reason }
    };
    if request.body.trim_ascii_start().first() != Some(&b'{') {
        return Err(unreadable(1, 1));
    }
    let body: Body<'_> =
        serde_json::from_slice(request.body).map_err(|error| unreadable(error.line(), error.column()))?;
    let mut record = format!("{{\"type\":\"track\",\"event\":\"{EVENT}\",\"messageId\":\"-\"");
    let fields = [
        ("userId", body.user_id),
        ("anonymousId", body.anonymous_id),
        ("context", body.context),
        ("properties", body.properties),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            record += &format!(",\"{name}\":{}", value.get());
        }
    }
    record.push('}');
    let placements = body.placements.into_iter().map(Cow::into_owned).collect();
    let (user_id, anonymous_id) = (text(body.user_id), text(body.anonymous_id));
    Ok(Asked { placements, record, user_id, anonymous_id, key: body.write_key.map(Cow::into_owned) })
}

fn of_address(request: &Request<'_>) -> Asked {
    let mut placements = Vec::new();
    let (mut record, mut properties) =
        (json!({"type": "track", "event": EVENT, "messageId": "-"}), json!({}));
    for (name, value) in form_urlencoded::parse(request.query.as_bytes()) {
        match &*name {
            "placements" | "placement" => {
                placements.extend(value.split(',').filter(|name| !name.is_empty()).map(str::to_owned));
            }
            "userId" | "anonymousId" => record[&*name] = value.into(),
            "writeKey" | "write_key" => {}
            _ => properties[&*name] = value.into(),
        }
    }
    let id = |name: &str| record[name].as_str().map(str::to_owned);
    let (user_id, anonymous_id) = (id("userId"), id("anonymousId"));
    record["properties"] = properties;
    Asked { placements, record: record.to_string(), user_id, anonymous_id, key: None }
}

/// An id as text; numbers count as theirs.
fn text(id: Option<&RawValue>) -> Option<String> {
    match serde_json::from_str(id?.get()).ok()? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn misasked(field: &'static str, reason: String) -> Misasked {
    Misasked { status: 400, code: "invalid", field, reason }
}
