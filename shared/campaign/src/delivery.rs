//! What a deployment sets for the delivery of all campaigns.

use crate::{Caps, Sender, Share};
use event::{DAY, Key, Privacy};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// The deployment's settings; the README of deliver-messages says what each is for.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    pub sender: Sender,
    /// The time zone of people who told none.
    pub zone: TimeZone,
    /// Webhooks by the name that campaigns use.
    pub webhooks: BTreeMap<String, WebhookSettings>,
    /// Where an unsubscribe link leads; the action's id is added as the parameter `m`.
    pub unsubscribe_url: Option<String>,
    pub holdout: Share,
    /// Caps on marketing over all campaigns, by channel.
    pub caps: Caps,
    /// Hashes of identifiers that are never written to again.
    pub suppressed: HashSet<Key>,
    /// Whose data may not be worked with for now: they are sent nothing.
    pub privacy: Arc<Privacy>,
    /// How long after it was due a message is still sent, ms.
    pub expires_after: i64,
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// `https://` or `http://`.
    pub url: String,
    /// The fields of the vault (`phone`, `first_name`, …) that are posted to it.
    pub personal: Vec<String>,
}

impl DeliverySettings {
    /// Everything at its default: UTC, no webhook, no link, no holdout, no caps but the campaigns', three days.
    pub fn new(sender: Sender) -> DeliverySettings {
        DeliverySettings {
            sender,
            zone: TimeZone::UTC,
            webhooks: BTreeMap::new(),
            unsubscribe_url: None,
            holdout: Share::default(),
            caps: Caps::default(),
            suppressed: HashSet::new(),
            privacy: Arc::default(),
            expires_after: 3 * DAY,
        }
    }

    /// The link by which the person of an action says no to its channel. An action's id can't be guessed.
    pub fn unsubscribe_link(&self, action: Key) -> Option<String> {
        let base = self.unsubscribe_url.as_deref()?;
        let joint = if base.contains('?') { '&' } else { '?' };
        Some(format!("{base}{joint}m={action}"))
    }
}
