//! E-mail by SES.

use crate::Aws;
use crate::refusal::{Refusal, offered};
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use campaign::{Channel, Outgoing, Receipt, SendError};

/// The name of the tag with a message's token.
const TOKEN_TAG: &str = "rondo";
/// Characters of a tag's value.
const MAX_TAG: usize = 256;
/// Codes that are about one message.
const OF_MESSAGE: [&str; 4] = [
    "MessageRejected",
    "MailFromDomainNotVerifiedException",
    "AccountSuspendedException",
    "BadRequestException",
];

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
            .map_err(|error| Refusal::of("SES", &OF_MESSAGE, &error))
    }
}

impl Channel for SesEmail {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        let eml = message
            .to_eml()
            .map_err(|error| SendError::NotDelivered { reason: error.to_string(), retry: false })?;
        let eml = Blob::new(eml);
        offered(async || self.offer(message, eml.clone()).await).await
    }
}

/// The tag that SES repeats in all that it tells of the message.
fn tags(message: &Outgoing<'_>) -> Option<Vec<MessageTag>> {
    let token = message.token.filter(|token| token.len() <= MAX_TAG)?;
    Some(vec![MessageTag::builder().name(TOKEN_TAG).value(token).build().ok()?])
}
