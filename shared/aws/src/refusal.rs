//! Why a service that sends messages did not say that it took one.

use crate::back_off::back_off;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use campaign::{Receipt, SendError};
use std::error::Error;

/// How often one message is offered while it is certainly refused for now.
const ATTEMPTS: u32 = 4;

/// Offers a message, again after a pause as long as it is refused for being one too many at the moment, a few times.
pub(crate) async fn offered(offer: impl AsyncFn() -> Result<Receipt, Refusal>) -> Result<Receipt, SendError> {
    let mut attempt = 0;
    loop {
        match offer().await {
            Ok(receipt) => return Ok(receipt),
            Err(Refusal { throttled: true, .. }) if attempt + 1 < ATTEMPTS => back_off(attempt).await,
            Err(refusal) => return Err(refusal.error),
        }
        attempt += 1;
    }
}

/// A refusal, and whether it was for being one too many at the moment.
pub(crate) struct Refusal {
    pub error: SendError,
    pub throttled: bool,
}

impl Refusal {
    pub fn bad(reason: &str) -> Refusal {
        let error = SendError::NotDelivered { reason: reason.to_owned(), retry: false };
        Refusal { error, throttled: false }
    }

    /// What an error of `service` says of the message. `of_message` are the codes that are about this message alone; what
    /// is wrong with the account or the permissions is wrong with every message, and none is given up for it. Reasons
    /// are codes alone: the service's own sentences may name addresses.
    pub fn of<E: ProvideErrorMetadata>(
        service: &str,
        of_message: &[&str],
        error: &SdkError<E, HttpResponse>,
    ) -> Refusal {
        let unknown = |reason: String| Refusal { error: SendError::Unknown { reason }, throttled: false };
        match error {
            SdkError::ConstructionFailure(_) => Refusal::bad("the request could not be made"),
            SdkError::DispatchFailure(failure) if never_left(failure) => {
                let reason = format!("{service} could not be reached");
                Refusal { error: SendError::NotDelivered { reason, retry: true }, throttled: false }
            }
            SdkError::DispatchFailure(_) => unknown(format!("the connection to {service} broke")),
            SdkError::TimeoutError(_) => unknown(format!("no answer of {service} in time")),
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = answer.err().code().unwrap_or("UnknownError");
                Refusal::answered(service, of_message, status, code)
            }
            _ => unknown(format!("the answer of {service} can't be read")),
        }
    }

    fn answered(service: &str, of_message: &[&str], status: u16, code: &str) -> Refusal {
        let reason = format!("{service} answered {code} (status {status})");
        let throttled = status == 429
            || matches!(code, "TooManyRequestsException" | "Throttled" | "ThrottledException")
            || code.starts_with("Throttling");
        let error = match status {
            400..500 if status != 408 => {
                SendError::NotDelivered { reason, retry: throttled || !of_message.contains(&code) }
            }
            _ if throttled => SendError::NotDelivered { reason, retry: true },
            _ => SendError::Unknown { reason },
        };
        Refusal { error, throttled }
    }
}

/// Whether no byte of the message can have left: no connection was made.
fn never_left(failure: &DispatchFailure) -> bool {
    let mut cause = failure.as_connector_error().and_then(|error| error.source());
    while let Some(error) = cause {
        if error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|error| error.is_connect()) {
            return true;
        }
        cause = error.source();
    }
    failure.is_user()
}
