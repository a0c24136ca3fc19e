//! One thing that a provider tells.

use crate::Machine;
use crate::ses;
use event::{Event, Identifiers, names};
use serde_json::json;
use token::{MessageToken, TokenKey};

/// What a provider tells of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub message: MessageToken,
    /// When it happened, UTC ms.
    pub at: i64,
    pub told: Told,
    /// What tells it from others of the same message and kind: the provider's own id, else the time.
    pub id: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Delivered,
    Bounced {
        /// Whether there is nobody to take messages, rather than that a mailbox was full for a while.
        permanent: bool,
        /// The provider's word for why; letters alone.
        kind: String,
    },
    Complained,
    Opened {
        machine: Option<Machine>,
    },
    Clicked {
        /// Where it led, without query and fragment: these may name somebody.
        link: String,
        machine: Option<Machine>,
    },
}

/// Why something that a provider told is no notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It is no notice of a form that is known.
    NotANotice,
    /// It tells nothing that is counted: that a message was taken, say, or that a complaint was withdrawn.
    NothingToTell,
    /// It brings no token of this deployment, or one that is too old.
    NotOurs,
}

impl Notice {
    /// Whether text is of the form that [`Notice::read`] reads, whoever made it. Quick.
    pub fn is_one(text: &str) -> bool {
        ses::outline(text).is_some()
    }

    /// Reads what SES tells. `now` is UTC ms, and stands in where it says no time.
    ///
    /// # Errors
    /// Why there is nothing to take from it.
    pub fn read(text: &str, tokens: &TokenKey, now: i64) -> Result<Notice, Ignored> {
        ses::read(text, tokens, now)
    }

    /// What marks an open or click as a program's.
    pub fn machine(&self) -> Option<Machine> {
        match &self.told {
            Told::Opened { machine } | Told::Clicked { machine, .. } => *machine,
            _ => None,
        }
    }

    /// The event that it is, the same however often it is told. `clean` takes what is personal out of a link.
    pub fn event(&self, clean: impl Fn(&str) -> String) -> Event<'static> {
        let mut properties = json!({
            "channel": self.message.channel, "action_id": self.message.action.to_string(),
        });
        if !self.message.campaign.is_empty() {
            properties["campaign"] = json!(self.message.campaign);
        }
        let (name, word) = match &self.told {
            Told::Delivered => (names::MESSAGE_DELIVERED, "delivered"),
            Told::Bounced { permanent, kind } => {
                properties["bounce_type"] = json!(if *permanent { "permanent" } else { "transient" });
                properties["bounce_kind"] = json!(kind);
                (names::MESSAGE_BOUNCED, "bounced")
            }
            Told::Complained => (names::MESSAGE_COMPLAINED, "complained"),
            Told::Opened { .. } => (names::MESSAGE_OPENED, "opened"),
            Told::Clicked { link, .. } => {
                properties["link"] = json!(clean(link));
                (names::MESSAGE_CLICKED, "clicked")
            }
        };
        if let Some(machine) = self.machine() {
            properties["machine"] = json!(true);
            properties["machine_sign"] = json!(machine.as_str());
        }
        let mut identifiers = Identifiers::default();
        identifiers.insert(self.message.person);
        let id = format!("{word}-{}-{}", self.message.action, self.id);
        Event::reported(id, name, identifiers, self.at, properties.to_string(), "ses")
    }
}
