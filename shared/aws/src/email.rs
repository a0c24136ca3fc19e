//! E-mail by SES.

use crate::Aws;
use crate::back_off::back_off;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::SdkError;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::DispatchFailure;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use campaign::{Channel, Outgoing, Receipt, SendError};
use std::error::Error;

/// The name of the tag with a message's token.
const TOKEN_TAG: &str = "rondo";
/// Characters of a tag's value.
const MAX_TAG: usize = 256;
/// How often one message is offered while SES certainly refuses it for now.
const ATTEMPTS: u32 = 4;

/// Sends e-mail by SES, each message as it stands. Nothing repeats a call whose answer was lost: the message may have
/// left. The receipt is SES's message id, which its notifications of bounces and complaints name.
pub struct SesEmail {
    client: Client,
    configuration_set: Option<String>,
}

impl SesEmail {
    /// The configuration set says where SES reports bounces and complaints to.
    pub fn new(aws: &Aws, configuration_set: Option<String>) -> SesEmail {
        SesEmail { client: aws.ses(), configuration_set }
    }

    async fn offer(&self, message: &Outgoing<'_>, eml: Blob) -> Result<Receipt, Refusal> {
        let raw =
            RawMessage::builder().data(eml).build().map_err(|_| Refusal::bad("the message is empty"))?;
        let answer = self
            .client
            .send_email()
            .from_email_address(&message.sender.address)
            .destination(Destination::builder().to_addresses(message.to).build())
            .content(EmailContent::builder().raw(raw).build())
            .set_configuration_set_name(self.configuration_set.clone())
            .set_email_tags(tags(message))
            .send()
            .await;
        answer
            .map(|answer| Receipt { id: answer.message_id.unwrap_or_default() })
            .map_err(|error| Refusal::of(&error))
    }
}

impl Channel for SesEmail {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        let eml = message
            .to_eml()
            .map_err(|error| SendError::NotDelivered { reason: error.to_string(), retry: false })?;
        let eml = Blob::new(eml);
        let mut attempt = 0;
        loop {
            match self.offer(message, eml.clone()).await {
                Ok(receipt) => return Ok(receipt),
                Err(Refusal { throttled: true, .. }) if attempt + 1 < ATTEMPTS => back_off(attempt).await,
                Err(refusal) => return Err(refusal.error),
            }
            attempt += 1;
        }
    }
}

/// The tag that SES repeats in all that it tells of the message.
fn tags(message: &Outgoing<'_>) -> Option<Vec<MessageTag>> {
    let token = message.token.filter(|token| token.len() <= MAX_TAG)?;
    Some(vec![MessageTag::builder().name(TOKEN_TAG).value(token).build().ok()?])
}

/// Why SES did not say that it took a message.
struct Refusal {
    error: SendError,
    /// It was refused for being one too many at the moment.
    throttled: bool,
}

impl Refusal {
    fn bad(reason: &str) -> Refusal {
        let error = SendError::NotDelivered { reason: reason.to_owned(), retry: false };
        Refusal { error, throttled: false }
    }

    /// Reasons are codes alone: the service's own sentences may name addresses.
    fn of(error: &SdkError<SendEmailError, HttpResponse>) -> Refusal {
        let unknown = |reason: String| Refusal { error: SendError::Unknown { reason }, throttled: false };
        match error {
            SdkError::ConstructionFailure(_) => Refusal::bad("the request could not be made"),
            SdkError::DispatchFailure(failure) if never_left(failure) => {
                let reason = "SES could not be reached".to_owned();
                Refusal { error: SendError::NotDelivered { reason, retry: true }, throttled: false }
            }
            SdkError::DispatchFailure(_) => unknown("the connection to SES broke".to_owned()),
            SdkError::TimeoutError(_) => unknown("no answer of SES in time".to_owned()),
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = answer.err().code().unwrap_or("UnknownError");
                Refusal::answered(status, code)
            }
            _ => unknown("the answer of SES can't be read".to_owned()),
        }
    }

    fn answered(status: u16, code: &str) -> Refusal {
        let reason = format!("SES answered {code} (status {status})");
        let throttled = status == 429 || code == "TooManyRequestsException" || code.starts_with("Throttling");
        let of_message = matches!(
            code,
            "MessageRejected"
                | "MailFromDomainNotVerifiedException"
                | "AccountSuspendedException"
                | "BadRequestException"
        );
        let error = match status {
            // What is wrong with the account or the permissions is wrong with every message: none is given up for it.
            400..500 if status != 408 => SendError::NotDelivered { reason, retry: !of_message },
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
