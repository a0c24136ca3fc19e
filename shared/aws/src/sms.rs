//! Text messages by AWS End User Messaging.

use crate::Aws;
use crate::refusal::{Refusal, offered};
use aws_sdk_pinpointsmsvoicev2::Client;
use aws_sdk_pinpointsmsvoicev2::types::MessageType;
use campaign::{Channel, Lane, Outgoing, Receipt, SendError};

/// Codes that are about one message: a number that no message can go to, or whose owner said stop.
const OF_MESSAGE: [&str; 2] = ["ValidationException", "ConflictException"];
/// The name under which the service repeats a message's token in what it tells of it, and characters of its value.
const TOKEN: &str = "rondo";
const MAX_TOKEN: usize = 256;

/// Sends text messages. Nothing repeats a call whose answer was lost: the message may have left. The receipt is the
/// service's id of the message.
pub struct EndUserSms {
    client: Client,
    /// The number, sender id or pool that messages come from, by its ARN or as it stands.
    origin: String,
}

impl EndUserSms {
    pub fn new(aws: &Aws, origin: impl Into<String>) -> EndUserSms {
        EndUserSms { client: aws.sms(), origin: origin.into() }
    }

    async fn offer(&self, message: &Outgoing<'_>) -> Result<Receipt, Refusal> {
        let kind = match message.action.lane {
            Lane::Service => MessageType::Transactional,
            Lane::Marketing => MessageType::Promotional,
        };
        let mut call = self
            .client
            .send_text_message()
            .destination_phone_number(message.to)
            .origination_identity(&self.origin)
            .message_body(message.text.trim_end())
            .message_type(kind);
        if let Some(token) = message.token.filter(|token| token.len() <= MAX_TOKEN) {
            call = call.context(TOKEN, token);
        }
        let answer = call.send().await;
        answer
            .map(|answer| Receipt { id: answer.message_id.unwrap_or_default() })
            .map_err(|error| Refusal::of("AWS End User Messaging", &OF_MESSAGE, &error))
    }
}

impl Channel for EndUserSms {
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError> {
        offered(async || self.offer(message).await).await
    }
}
