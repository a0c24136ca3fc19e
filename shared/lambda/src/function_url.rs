//! What a function URL brings, as a [`Request`], and an answer as it takes it.

use crate::Request;
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// A request to a function URL.
pub struct UrlRequest<'r> {
    request: &'r LambdaFunctionUrlRequest,
    headers: Vec<(&'r str, &'r str)>,
    body: Cow<'r, [u8]>,
}

impl<'r> UrlRequest<'r> {
    /// Headers whose values are no text are left out. Lambda encodes the body itself; one that can't be decoded stays as it
    /// is, to be refused for what it is.
    pub fn new(request: &'r LambdaFunctionUrlRequest) -> UrlRequest<'r> {
        let text = request.body.as_deref().unwrap_or_default();
        let decoded = request.is_base64_encoded.then(|| STANDARD.decode(text).ok()).flatten();
        let headers = request.headers.iter();
        UrlRequest {
            request,
            headers: headers
                .filter_map(|(name, value)| Some((name.as_str(), str::from_utf8(value.as_bytes()).ok()?)))
                .collect(),
            body: decoded.map_or(Cow::Borrowed(text.as_bytes()), Cow::Owned),
        }
    }

    /// The same as one that came at `now`, UTC ms.
    pub fn at(&self, now: i64) -> Request<'_> {
        Request {
            method: self.request.request_context.http.method.as_deref().unwrap_or_default(),
            path: self.request.raw_path.as_deref().unwrap_or_default(),
            query: self.request.raw_query_string.as_deref().unwrap_or_default(),
            headers: &self.headers,
            body: &self.body,
            now,
        }
    }
}

/// An answer; a body that is no text goes encoded. Headers of CORS are left out: the function URL adds these itself, and
/// browsers refuse them where they stand twice.
pub fn url_answer<V: AsRef<str>>(
    status: u16,
    headers: impl IntoIterator<Item = (&'static str, V)>,
    body: Vec<u8>,
) -> LambdaFunctionUrlResponse {
    let mut answer = LambdaFunctionUrlResponse::default();
    answer.status_code = i64::from(status);
    for (name, value) in headers.into_iter().filter(|(name, _)| !name.starts_with("access-control-")) {
        if let Ok(value) = value.as_ref().parse() {
            answer.headers.insert(name, value);
        }
    }
    match String::from_utf8(body) {
        Ok(text) => answer.body = (!text.is_empty()).then_some(text),
        Err(picture) => {
            answer.body = Some(STANDARD.encode(picture.as_bytes()));
            answer.is_base64_encoded = true;
        }
    }
    answer
}
