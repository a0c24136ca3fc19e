//! The function URL's side of [`run`].

use crate::answer::failed;
use crate::{Deps, Response, run};
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use event::{EventBus, PortError, PrivacyRequests, Quarantine, Vault};
use lambda::{Failure, Invocation, Source, UrlRequest, url_answer};
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
    answer(run(deps, &UrlRequest::new(request).at(now)).await)
}

fn answer(response: Response) -> LambdaFunctionUrlResponse {
    counter!("Requests").increment(1);
    counter!("EventsAccepted").increment(response.accepted as u64);
    counter!("RecordsRefused").increment(response.refused as u64);
    if let Some(cause) = &response.cause {
        tracing::error!(status = response.status, cause, "a request could not be taken");
    }
    url_answer(response.status, response.headers, response.body.into_owned())
}
