//! From a body to records of the Segment spec.

use crate::Request;
use crate::parameters::{decode, decoded};
use crate::route::Form;
use event::dialect::{Translated, cloudevents, ga4, pixel, posthog};
use event::{Code, Rejection};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The records of a body that is not written as the Segment spec has it; nothing of one that is. The error is for a
/// body that is refused as a whole.
pub(crate) fn translated(
    request: &Request<'_>,
    form: Form,
    body: &[u8],
) -> Result<Option<Vec<Translated>>, Rejection> {
    let records = match form {
        Form::Call(..) | Form::Batch(_) | Form::Import | Form::Beacon => return Ok(None),
        Form::PostHog if body.is_empty() => posthog::records(&of_query(request)?, None, request.now)?,
        Form::PostHog => posthog::records(text(body)?, sent_at(request), request.now)?,
        Form::Ga4 | Form::Ga4Check => ga4::records(text(body)?, request.now)?,
        Form::CloudEvents => cloud_events(request, body)?,
        Form::Pixel(_) if !body.is_empty() && body.starts_with(b"{") => return Ok(None),
        Form::Pixel(kind) => {
            let query = if body.is_empty() { request.query } else { text(body)? };
            let parameters: Vec<(String, String)> =
                decoded(query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            vec![
                pixel::record(&parameters, kind)
                    .map(|record| of_browser(request, record))
                    .map_err(|r| (r, String::new())),
            ]
        }
    };
    Ok(Some(records))
}

/// Whether a body of one event or of many is of many.
pub(crate) fn is_batch(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Batch<'a> {
        #[serde(borrow)]
        batch: Option<&'a RawValue>,
    }
    serde_json::from_slice::<Batch>(body).is_ok_and(|body| body.batch.is_some())
}

/// An event in the address: `?data=`, JSON or base64 of it.
fn of_query(request: &Request<'_>) -> Result<String, Rejection> {
    let missing =
        || Rejection::new(Code::InvalidJson, "data", "there is neither a body nor an event in ?data=");
    let (_, data) = decoded(request.query).find(|(name, _)| name == "data").ok_or_else(missing)?;
    if data.trim_start().starts_with(['{', '[']) {
        return Ok(data.into_owned());
    }
    if matches!(request.parameter("compression"), Some("lz64" | "lz-string")) {
        return crate::body::lz_text(&data);
    }
    event::dialect::base64::decode(&data).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(missing)
}

/// PostHog's browser client tells its clock in the address.
fn sent_at(request: &Request<'_>) -> Option<i64> {
    request.parameter("_")?.parse().ok().filter(|at| *at > 1_000_000_000_000)
}

fn cloud_events(request: &Request<'_>, body: &[u8]) -> Result<Vec<Translated>, Rejection> {
    let attributes: Vec<(String, String)> = request
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let (prefix, name) = name.split_at_checked(3)?;
            prefix.eq_ignore_ascii_case("ce-").then(|| (name.to_owned(), attribute(value)))
        })
        .collect();
    if attributes.is_empty() {
        return cloudevents::records(text(body)?);
    }
    Ok(vec![
        cloudevents::binary(&attributes, body)
            .map_err(|rejection| (rejection, binary_as_text(&attributes, body))),
    ])
}

/// A header's value as the HTTP binding of CloudEvents writes it: perhaps quoted, with percent escapes.
fn attribute(value: &str) -> String {
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) => decode(&inner.replace("\\\"", "\"").replace("\\\\", "\\"), false).into_owned(),
        None => decode(value, false).into_owned(),
    }
}

/// A binary event as quarantine keeps it: as the structured one that says the same.
fn binary_as_text(attributes: &[(String, String)], body: &[u8]) -> String {
    let mut fields: serde_json::Map<String, Value> =
        attributes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    fields.insert("data".into(), json!(String::from_utf8_lossy(body)));
    Value::Object(fields).to_string()
}

/// A pixel's record with what its browser says of itself.
fn of_browser(request: &Request<'_>, record: String) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(&record) else { return record };
    let context = fields.entry("context").or_insert_with(|| json!({}));
    if let Value::Object(context) = context {
        if let Some(agent) = request.header("user-agent") {
            context.entry("userAgent").or_insert_with(|| json!(agent));
        }
        if let Some(page) = request.header("referer") {
            context.entry("page").or_insert_with(|| json!({"url": page}));
        }
    }
    Value::Object(fields).to_string()
}

fn text(body: &[u8]) -> Result<&str, Rejection> {
    std::str::from_utf8(body).map_err(|error| {
        let reason = format!("not UTF-8 from byte {}; convert the source to UTF-8", error.valid_up_to() + 1);
        Rejection::new(Code::InvalidUtf8, "", reason)
    })
}
