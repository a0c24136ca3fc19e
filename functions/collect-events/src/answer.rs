//! What senders are told. Answers hold no value of the request.

use crate::Response;
use crate::route::ROUTES;
use event::{Code, PortError, Rejection};
use serde_json::{Value, json};

/// How many refused records of a batch are named one by one.
const NAMED: usize = 100;
/// Seconds after which a sender tries again.
const RETRY_AFTER: u32 = 5;

/// Accepted and on the bus; `refused` are those of a batch that are in quarantine, with their place in it.
pub(crate) fn accepted(count: usize, refused: &[(usize, Rejection)]) -> Response {
    let named = refused.iter().take(NAMED).map(|(index, rejection)| {
        json!({
            "index": index,
            "code": rejection.code.as_str(),
            "field": rejection.field,
            "reason": rejection.reason,
        })
    });
    let named: Vec<Value> = named.collect();
    let body = json!({"success": true, "accepted": count, "rejectedCount": refused.len(), "rejected": named});
    Response { accepted: count, refused: refused.len(), ..respond(200, &body) }
}

/// A body that is refused before it is looked into.
pub(crate) fn unread(rejection: &Rejection) -> Response {
    let status = if rejection.code == Code::TooLarge { 413 } else { 400 };
    failure(status, rejection.code.as_str(), &rejection.field, &rejection.reason)
}

/// A body or an only event that was refused, and is in quarantine.
pub(crate) fn refused(rejection: &Rejection) -> Response {
    Response { refused: 1, ..unread(rejection) }
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
    let reason = "no known write key; send it as Authorization: Basic base64(key:), as X-Write-Key, as writeKey in \
                  the body, or as ?writeKey=";
    failure(401, "wrong_key", "", reason)
}

pub(crate) fn unknown_route() -> Response {
    failure(404, "unknown_route", "", &format!("nothing is here; routes are {ROUTES}"))
}

pub(crate) fn wrong_method(allowed: &str) -> Response {
    let reason = format!("this address takes {allowed}; routes are {ROUTES}");
    let mut response = failure(405, "wrong_method", "", &reason);
    response.headers.push(("allow", allowed.to_owned()));
    response
}

/// The sender has to send again: nothing is promised about this request.
pub(crate) fn failed(error: &PortError) -> Response {
    let passing = matches!(error, PortError::Unavailable { .. } | PortError::Conflict { .. });
    let mut response = if passing {
        let reason = "events can't be taken at the moment; send the same request again";
        let mut response = failure(503, "unavailable", "", reason);
        response.headers.push(("retry-after", RETRY_AFTER.to_string()));
        response
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

pub(crate) fn preflight() -> Response {
    let mut response = respond(204, &Value::Null);
    response.body.clear();
    response.headers.extend([
        ("access-control-allow-methods", "POST, GET, OPTIONS".to_owned()),
        (
            "access-control-allow-headers",
            "Authorization, Content-Type, Content-Encoding, X-Write-Key".to_owned(),
        ),
        ("access-control-max-age", "86400".to_owned()),
    ]);
    response
}

fn failure(status: u16, code: &str, field: &str, reason: &str) -> Response {
    respond(status, &json!({"success": false, "code": code, "field": field, "reason": reason}))
}

fn respond(status: u16, body: &Value) -> Response {
    // Write keys are public, and no cookie is read: pages of any origin may send.
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("access-control-allow-origin", "*".to_owned()),
    ];
    Response { status, headers, body: body.to_string(), cause: None, accepted: 0, refused: 0 }
}
