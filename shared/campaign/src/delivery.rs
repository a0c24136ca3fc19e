//! What a deployment sets for the delivery of all campaigns.

use crate::{CapSettings, Creatives, Sender, Share, Utm, WebhookSettings};
use event::{DAY, Key, Privacy};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use token::TokenKey;

/// The deployment's settings; the README of deliver-messages says what each is for.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    pub sender: Sender,
    /// The time zone of people who told none.
    pub zone: TimeZone,
    /// Webhooks by the name that campaigns use.
    pub webhooks: BTreeMap<String, WebhookSettings>,
    /// Where collect-events answers, without a slash at its end: unsubscribe links lead there.
    pub public_url: Option<String>,
    /// What the tokens of messages are sealed under; none are made without.
    pub tokens: Option<TokenKey>,
    /// A page of the shop's own that unsubscribe links lead to where there is no `public_url`; the action's id is added
    /// as the parameter `m`.
    pub unsubscribe_url: Option<String>,
    /// An address to which mailboxes may write for a person who wants no more.
    pub unsubscribe_mailto: Option<String>,
    /// What links are marked with, where a campaign does not say otherwise.
    pub utm: Option<Utm>,
    pub holdout: Share,
    /// Caps on marketing over all campaigns.
    pub caps: CapSettings,
    /// How many messages a second go by a channel at most, by its name.
    pub rates: BTreeMap<String, u32>,
    /// Hashes of identifiers that are never written to again.
    pub suppressed: HashSet<Key>,
    /// Whose data may not be worked with for now: they are sent nothing.
    pub privacy: Arc<Privacy>,
    /// What was learned of creatives; while nothing was, they are left to chance.
    pub creatives: Arc<Creatives>,
    /// How long after it was due a message is still sent, ms.
    pub expires_after: i64,
}

impl DeliverySettings {
    /// Everything at its default: UTC, no webhook, no link, no holdout, no caps but the campaigns', three days.
    pub fn new(sender: Sender) -> DeliverySettings {
        DeliverySettings {
            sender,
            zone: TimeZone::UTC,
            webhooks: BTreeMap::new(),
            public_url: None,
            tokens: None,
            unsubscribe_url: None,
            unsubscribe_mailto: None,
            utm: None,
            holdout: Share::default(),
            caps: CapSettings::default(),
            rates: BTreeMap::new(),
            suppressed: HashSet::new(),
            privacy: Arc::default(),
            creatives: Arc::default(),
            expires_after: 3 * DAY,
        }
    }

    /// The link by which the person of an action says no to its channel: with the message's token, where there is one,
    /// and else with the action's id, which can't be guessed either.
    pub fn unsubscribe_link(&self, action: Key, token: Option<&str>) -> Option<String> {
        if let (Some(base), Some(token)) = (&self.public_url, token) {
            return Some(format!("{base}/u/{token}"));
        }
        let base = self.unsubscribe_url.as_deref()?;
        let joint = if base.contains('?') { '&' } else { '?' };
        Some(format!("{base}{joint}m={action}"))
    }
}
