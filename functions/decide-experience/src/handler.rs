//! The function URL's side of [`run`].

use crate::{Deps, Response, answer, run};
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use event::{EventBus, PortError};
use lambda::{Failure, Invocation, Source, UrlRequest, url_answer};
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
    let response = run(deps, &UrlRequest::new(&request).at(now)).await;
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
    Ok(lambda::answer(url_answer(response.status, response.headers, response.body))?)
}
