//! What who asks is told. Answers hold no value of the request but the names of placements.

use crate::Request;
use crate::asked::Misasked;
use event::Event;
use serde_json::{Value, json};
use std::borrow::Cow;

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// JSON; empty for an answer without content.
    pub body: Vec<u8>,
    /// The arms of experiments that the visitor is shown, each told but once by this process: for the bus.
    pub exposures: Vec<Event<'static>>,
    /// Why it holds only defaults, for the operator's log; never sent.
    pub cause: Option<String>,
}

/// The decided placements, which a browser may keep for `ttl` ms where it asked by GET.
pub(crate) fn decided(request: &Request<'_>, body: &Value, ttl: i64) -> Response {
    let kept = match request.method {
        "GET" => Cow::Owned(format!("private, max-age={}", ttl / 1_000)),
        _ => Cow::Borrowed("no-store"),
    };
    let mut response = respond(200, body);
    response.headers[1].1 = kept;
    response
}

pub(crate) fn misasked(error: &Misasked) -> Response {
    failure(error.status, error.code, error.field, &error.reason)
}

pub(crate) fn refused(code: &str, field: &str, reason: &str) -> Response {
    failure(400, code, field, reason)
}

pub(crate) fn wrong_key() -> Response {
    let reason = "no known write key; send it as Authorization: Basic base64(key:), as X-Write-Key, as writeKey in the \
                  body, or as ?writeKey=";
    failure(401, "wrong_key", "", reason)
}

pub(crate) fn unknown_route() -> Response {
    failure(
        404,
        "unknown_route",
        "",
        "nothing is here; the routes are POST and GET /v1/decide, and GET /health",
    )
}

pub(crate) fn wrong_method() -> Response {
    let mut response = failure(405, "wrong_method", "", "this address takes GET, POST and OPTIONS");
    response.headers.push(("allow", Cow::Borrowed("GET, POST, OPTIONS")));
    response
}

/// What decisions are made by can't be had yet.
pub(crate) fn not_ready(cause: String) -> Response {
    let reason = "nothing can be decided at the moment; show your default, and ask again later";
    let mut response = failure(503, "unavailable", "", reason);
    response.headers.push(("retry-after", Cow::Borrowed("5")));
    response.cause = Some(cause);
    response
}

pub(crate) fn healthy() -> Response {
    respond(200, &json!({"status": "ok"}))
}

/// A browser may ask from any page.
pub(crate) fn preflight() -> Response {
    let mut response = respond(204, &Value::Null);
    response.body.clear();
    response.headers.extend([
        ("access-control-allow-methods", Cow::Borrowed("GET, POST, OPTIONS")),
        ("access-control-allow-headers", Cow::Borrowed("Authorization, Content-Type, X-Write-Key")),
        ("access-control-max-age", Cow::Borrowed("86400")),
    ]);
    response
}

/// The answer with the header by which a browser lets a page of another origin read it: write keys are public, and no
/// cookie is read.
pub(crate) fn for_any_origin(mut response: Response) -> Response {
    response.headers.push(("access-control-allow-origin", Cow::Borrowed("*")));
    response
}

fn failure(status: u16, code: &str, field: &str, reason: &str) -> Response {
    respond(status, &json!({"code": code, "field": field, "reason": reason}))
}

fn respond(status: u16, body: &Value) -> Response {
    let headers = vec![
        ("content-type", Cow::Borrowed("application/json")),
        ("cache-control", Cow::Borrowed("no-store")),
    ];
    Response { status, headers, body: body.to_string().into_bytes(), exposures: Vec::new(), cause: None }
}
