//! What senders are told. Answers hold no value of the request.

use crate::intake::is_too_large;
use crate::route::{Client, Form, ROUTES};
use crate::{Request, Response};
use event::{Code, PortError, Rejection, dialect};
use serde_json::{Value, json};
use std::borrow::Cow;

/// How many refused records of a batch are named one by one.
const NAMED: usize = 100;
/// Headers that clients set; a browser names those that it wants to send.
const HEADERS: &str =
    "Authorization, Content-Type, Content-Encoding, X-Write-Key, AnonymousId, X-Retry-Count";
/// Seconds after which a sender tries again.
const RETRY_AFTER: u32 = 5;

/// A transparent picture of one dot.
const DOT: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// What became of the records of a body: `count` are on the bus, of which and besides which `withheld` had no consent to
/// be kept as more than their answers about it, `refused` are those of a batch that are in quarantine,
/// with their place in it.
pub(crate) fn taken(form: Form, count: usize, withheld: usize, refused: &[(usize, Rejection)]) -> Response {
    // Nothing of it came in, and the sender is told what to change.
    if count == 0
        && let Some((index, rejection)) = refused.iter().find(|(_, rejection)| is_too_large(rejection))
    {
        let field = format!("batch[{index}]");
        let mut response = failure(400, rejection.code.as_str(), &field, &rejection.reason);
        response.refused = refused.len();
        return response;
    }
    // What other clients than Segment's look for besides.
    let shape = match form {
        Form::PostHog => "\"status\":1,",
        Form::Call(_, Client::Jitsu) | Form::Batch(Client::Jitsu) => "\"ok\":true,",
        _ => "",
    };
    let named = refused.iter().take(NAMED).map(|(index, rejection)| {
        json!({
            "index": index,
            "code": rejection.code.as_str(),
            "field": rejection.field,
            "reason": rejection.reason,
        })
    });
    let named = Value::Array(named.collect());
    let others = refused.len();
    let withheld = if withheld > 0 { format!("\"withheld\":{withheld},") } else { String::new() };
    let body = format!(
        "{{{shape}\"success\":true,{withheld}\"accepted\":{count},\"rejectedCount\":{others},\"rejected\":{named}}}"
    );
    Response { accepted: count, refused: others, ..json_response(200, body) }
}

/// A webhook that was understood, or is in quarantine: to send it again would change nothing.
pub(crate) fn webhook(accepted: usize, refused: usize) -> Response {
    let body = json!({"success": true, "accepted": accepted, "rejectedCount": refused});
    Response { accepted, refused, ..plain(&body) }
}

/// Nobody of that name may send webhooks.
pub(crate) fn unknown_webhook() -> Response {
    let reason = "no source of that name may send webhooks; incoming_webhooks of settings.yaml names them, and each needs \
                  its secret";
    failure(404, "unknown_route", "", reason)
}

pub(crate) fn wrong_signature() -> Response {
    let reason = "the webhook is not signed with the secret of its source; compare the secret that the shop system shows \
                  with the one that is kept here";
    failure(401, Code::InvalidSignature.as_str(), "", reason)
}

/// Nothing was sent that is kept.
pub(crate) fn accepted_nothing() -> Response {
    plain(&json!({"success": true}))
}

/// An answer to a question.
pub(crate) fn plain(body: &Value) -> Response {
    respond(200, body)
}

/// What the Measurement Protocol's validation says of a body.
pub(crate) fn validated(body: &[u8]) -> Response {
    plain(&json!({"validationMessages": dialect::ga4::problems(&String::from_utf8_lossy(body))}))
}

/// The same answer as a picture, which the page that asked for it can show.
pub(crate) fn as_picture(mut response: Response) -> Response {
    response.headers.retain(|(name, _)| *name != "content-type");
    response.body = Cow::Borrowed(DOT);
    response.with("content-type", "image/gif")
}

/// A body that is refused before it is looked into.
pub(crate) fn unread(rejection: &Rejection) -> Response {
    let status = if rejection.code == Code::TooLarge { 413 } else { 400 };
    failure(status, rejection.code.as_str(), &rejection.field, &rejection.reason)
}

/// A body or an only event that was refused, and is in quarantine.
pub(crate) fn refused(rejection: &Rejection) -> Response {
    // Too many records are too large a body.
    let status = if is_too_large(rejection) && rejection.field == "batch" { 413 } else { 400 };
    let response = failure(status, rejection.code.as_str(), &rejection.field, &rejection.reason);
    Response { refused: 1, ..response }
}

/// A source has sent more than it may; `seconds` until it may again.
pub(crate) fn too_many(seconds: i64) -> Response {
    let reason = "this source has sent more events than its limit; send the same again later";
    failure(429, "too_many", "", reason).with("retry-after", seconds.to_string())
}

/// Nobody may write yet.
pub(crate) fn no_write_keys() -> Response {
    let reason = "no write key is configured, so that no event can be taken; `rondo key` makes one, and write_keys in \
                  settings.yaml takes its digest";
    let mut response = failure(503, "no_write_keys", "", reason);
    response.cause = Some(reason.to_owned());
    response
}

pub(crate) fn wrong_key() -> Response {
    let reason = "no known write key; send it as Authorization: Basic base64(key:), as X-Write-Key, as writeKey or \
                  api_key in the body, or as ?writeKey=";
    failure(401, "wrong_key", "", reason)
}

pub(crate) fn unknown_route() -> Response {
    failure(404, "unknown_route", "", &format!("nothing is here; routes are {ROUTES}"))
}

pub(crate) fn wrong_method(allowed: &'static str) -> Response {
    let reason = format!("this address takes {allowed}; routes are {ROUTES}");
    failure(405, "wrong_method", "", &reason).with("allow", allowed)
}

/// The sender has to send again: nothing is promised about this request.
pub(crate) fn failed(error: &PortError) -> Response {
    let passing = matches!(error, PortError::Unavailable { .. } | PortError::Conflict { .. });
    let mut response = if passing {
        let reason = "events can't be taken at the moment; send the same request again";
        failure(503, "unavailable", "", reason).with("retry-after", RETRY_AFTER.to_string())
    } else {
        failure(
            500,
            "failed",
            "",
            "events can't be taken; the operator's log says why. Send them again later",
        )
    };
    response.cause = Some(error.to_string());
    response
}

pub(crate) fn healthy() -> Response {
    respond(200, &json!({"status": "ok"}))
}

/// A browser may send from any page, with whatever headers its client sets.
pub(crate) fn preflight(request: &Request<'_>) -> Response {
    let mut response = json_response(204, String::new())
        .with("access-control-allow-methods", "GET, POST, OPTIONS")
        .with("access-control-max-age", "86400");
    // With credentials a browser takes no `*`.
    let asked = request.header("access-control-request-headers").filter(|names| are_names(names));
    response = match asked {
        Some(names) => response.with("access-control-allow-headers", names.to_owned()),
        None => response.with("access-control-allow-headers", HEADERS),
    };
    // Sources of CloudEvents ask in their own way.
    if request.header("webhook-request-origin").is_some() {
        response = response.with("webhook-allowed-origin", "*").with("webhook-allowed-rate", "*");
    }
    response
}

/// The answer with the headers by which a browser lets a page of another origin read it. Write keys are public, and no
/// cookie is read: pages of every origin may send, also those whose client sends cookies along.
pub(crate) fn for_origin(response: Response, request: &Request<'_>) -> Response {
    match request.header("origin").filter(|origin| is_origin(origin)) {
        Some(origin) => response
            .with("access-control-allow-origin", origin.to_owned())
            .with("access-control-allow-credentials", "true")
            .with("access-control-expose-headers", "Retry-After")
            .with("vary", "Origin"),
        None => response.with("access-control-allow-origin", "*"),
    }
}

fn is_origin(text: &str) -> bool {
    text.len() <= 300 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn are_names(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b',' | b' ');
    text.len() <= 1_000 && text.bytes().all(plain)
}

fn failure(status: u16, code: &str, field: &str, reason: &str) -> Response {
    // RudderStack's clients look for a message.
    respond(
        status,
        &json!({"success": false, "code": code, "field": field, "reason": reason, "message": reason}),
    )
}

fn respond(status: u16, body: &Value) -> Response {
    json_response(status, body.to_string())
}

fn json_response(status: u16, body: String) -> Response {
    let headers = vec![
        ("content-type", Cow::Borrowed("application/json")),
        ("cache-control", Cow::Borrowed("no-store")),
    ];
    Response { status, headers, body: Cow::Owned(body.into_bytes()), cause: None, accepted: 0, refused: 0 }
}
