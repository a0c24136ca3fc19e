//! What a failed call means to the caller.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use event::PortError;
use std::error::Error;

/// Codes of answers after which the same call may go through later. The SDK has repeated the call by then.
const PASSING: [&str; 17] = [
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "KMSThrottlingException",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttled",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// `what` names the store, stream or queue. The reason holds the service's code and message; those name no
/// values of items.
pub(crate) fn failure<E, R>(what: &'static str, error: SdkError<E, R>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match &error {
        SdkError::ServiceError(answer) => {
            let answer = answer.err();
            let code = answer.code().unwrap_or("UnknownError");
            let reason = format!("{code}: {}", answer.message().unwrap_or("no message"));
            match PASSING.contains(&code) {
                true => PortError::Unavailable { what, reason },
                false => PortError::Failed { what, reason },
            }
        }
        SdkError::ConstructionFailure(_) => PortError::Failed { what, reason: causes(&error) },
        // No answer, or one that could not be read: another attempt may get through.
        _ => PortError::Unavailable { what, reason: causes(&error) },
    }
}

/// An error with everything that led to it.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
