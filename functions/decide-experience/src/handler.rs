//! The function URL's side of [`run`].

use crate::{Deps, Request, Response, answer, run};
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::{EventBus, PortError};
use lambda::{Failure, Invocation, Source};
use metrics::counter;
use person::{PersonSource, SharedProfiles};
use serde_json::Value;

/// Answers one invocation, whatever its event is, and tells the bus which arms were shown. `now` is UTC ms.
///
/// # Errors
/// An event that is no request to a function URL.
pub async fn invoke<S: PersonSource, C: SharedProfiles, B: EventBus>(
    deps: &Deps<'_, S, C>,
    bus: &B,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure> {
    if invocation.source() != Source::FunctionUrl {
        return Err(invocation.refused("requests to a function URL").into());
    }
    let request: LambdaFunctionUrlRequest = invocation.read("a request to a function URL")?;
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
    let response = run(deps, &request).await;
    if !response.exposures.is_empty()
        && let Err(error) = bus.publish(&response.exposures).await
    {
        // The page gets its answer, and the next one tells it again.
        tracing::warn!(%error, "what visitors were shown of experiments is not told");
        deps.hot.forget(&response.exposures);
    }
    answered(response)
}

/// The answer while what the function works with can't be had: its configuration, the key of its hashes.
pub fn not_ready(error: &PortError) -> Result<Value, Failure> {
    answered(answer::not_ready(error.to_string()))
}

fn answered(response: Response) -> Result<Value, Failure> {
    counter!("Requests").increment(1);
    if let Some(cause) = &response.cause {
        counter!("DefaultsOnly").increment(1);
        tracing::error!(status = response.status, cause, "nothing could be chosen");
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
    answer.body = String::from_utf8(response.body).ok().filter(|text| !text.is_empty());
    Ok(lambda::answer(answer)?)
}
