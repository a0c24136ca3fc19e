//! The function URL's side of [`run`].

use crate::answer::failed;
use crate::{Deps, Request, Response, run};
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::{EventBus, PortError, PrivacyRequests, Quarantine, Vault};
use lambda::{Failure, Invocation, Source};
use metrics::counter;
use serde_json::Value;

/// Answers one invocation, whatever its event is. `now` is UTC ms.
///
/// # Errors
/// An event that is no request to a function URL.
pub async fn invoke<B: EventBus, V: Vault, Q: Quarantine, P: PrivacyRequests>(
    deps: &Deps<'_, B, V, Q, P>,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure> {
    if invocation.source() != Source::FunctionUrl {
        return Err(invocation.refused("requests to a function URL").into());
    }
    let request = invocation.read("a request to a function URL")?;
    Ok(lambda::answer(handle(deps, &request, now).await)?)
}

/// The answer while what the function works with can't be had: its configuration, the key of its hashes.
pub fn not_ready(error: &PortError) -> Result<Value, Failure> {
    Ok(lambda::answer(answer(failed(error)))?)
}

/// Answers one invocation through a function URL. `now` is UTC ms.
pub async fn handle<B: EventBus, V: Vault, Q: Quarantine, P: PrivacyRequests>(
    deps: &Deps<'_, B, V, Q, P>,
    request: &LambdaFunctionUrlRequest,
    now: i64,
) -> LambdaFunctionUrlResponse {
    let text = request.body.as_deref().unwrap_or_default();
    // Lambda encodes the body itself; one that can't be decoded is refused as JSON further on.
    let body = match request.is_base64_encoded {
        true => STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec()),
        false => text.as_bytes().to_vec(),
    };
    let headers: Vec<(&str, &str)> = request
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?)))
        .collect();
    let request = Request {
        method: request.request_context.http.method.as_deref().unwrap_or_default(),
        path: request.raw_path.as_deref().unwrap_or_default(),
        query: request.raw_query_string.as_deref().unwrap_or_default(),
        headers: &headers,
        body: &body,
        now,
    };
    answer(run(deps, &request).await)
}

fn answer(response: Response) -> LambdaFunctionUrlResponse {
    counter!("Requests").increment(1);
    counter!("EventsAccepted").increment(response.accepted as u64);
    counter!("RecordsRefused").increment(response.refused as u64);
    if let Some(cause) = &response.cause {
        tracing::error!(status = response.status, cause, "a request could not be taken");
    }
    let mut answer = LambdaFunctionUrlResponse::default();
    answer.status_code = i64::from(response.status);
    for (name, value) in response.headers {
        // The function URL adds these itself; browsers refuse them where they stand twice.
        if name.starts_with("access-control-") {
            continue;
        }
        if let Ok(value) = value.parse() {
            answer.headers.insert(name, value);
        }
    }
    match String::from_utf8(response.body.into_owned()) {
        Ok(text) => answer.body = (!text.is_empty()).then_some(text),
        Err(picture) => {
            answer.body = Some(STANDARD.encode(picture.as_bytes()));
            answer.is_base64_encoded = true;
        }
    }
    answer
}
