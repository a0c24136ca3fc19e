//! The port through which a message leaves.

use crate::{Action, ChannelKind, WebhookSettings};
use event::{Key, PortError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A message on its way out. It holds personal data, so it can't be printed, and nothing keeps it.
pub struct Outgoing<'a> {
    pub action: &'a Action,
    /// When it is sent, UTC ms.
    pub at: i64,
    pub kind: ChannelKind,
    /// The name that consent and caps go by: `email`, `sms`, `push`, `on_site`, or a webhook's name.
    pub channel: &'a str,
    /// An e-mail address, a telephone number (E.164), platform and token of a device (`ios:…`), or a webhook's URL.
    pub to: &'a str,
    pub sender: &'a Sender,
    /// One line; empty where the message has none.
    pub subject: &'a str,
    /// Empty where the message is text alone.
    pub html: &'a str,
    pub text: &'a str,
    /// Where the person says no to the channel; marketing has one.
    pub unsubscribe_url: Option<&'a str>,
    /// An address that mailboxes may write to instead; marketing by e-mail may have one.
    pub unsubscribe_mailto: Option<&'a str>,
    /// What a provider repeats in all that it tells of the message.
    pub token: Option<&'a str>,
    /// Fields of the vault (`phone`, `first_name`, …) that the deployment lets this channel have.
    pub personal: &'a BTreeMap<String, String>,
    /// The webhook that it is posted to; none for what goes by a provider.
    pub webhook: Option<&'a WebhookSettings>,
}

/// Who a message comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// The name that is shown; may be empty.
    #[serde(default)]
    pub name: String,
    /// An e-mail address.
    pub address: String,
}

/// What a channel says of a message that it took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The channel's own id of the message; empty where it gives none.
    pub id: String,
}

/// Why a channel did not take a message. The reason is for a person to read, and holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Certainly not delivered, so that it may be sent again; `retry` says whether that could help.
    #[error("not delivered: {reason}")]
    NotDelivered { reason: String, retry: bool },
    /// It may have been delivered: never send it again.
    #[error("perhaps delivered: {reason}")]
    Unknown { reason: String },
}

/// Sends messages.
#[allow(async_fn_in_trait)]
pub trait Channel {
    /// Sends one message, once. Whatever could have reached the person is no [`SendError::NotDelivered`].
    async fn send(&self, message: &Outgoing<'_>) -> Result<Receipt, SendError>;

    /// Whether the message of an action was taken, of which a crash left open whether it was: `None` where the channel
    /// can't tell, and nobody may send it again.
    async fn was_sent(&self, _action: Key) -> Result<Option<bool>, PortError> {
        Ok(None)
    }
}
