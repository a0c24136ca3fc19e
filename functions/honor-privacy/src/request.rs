//! What is asked for.

use crate::PrivacyError;
use event::{Key, NamedKey};
use serde::{Deserialize, Serialize};

/// One request about one person, by somebody who has the right to make it: the data subject's own rights are met by
/// whoever answers for the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub action: Action,
    /// Whom it is about. `log` may name nobody; `verify` names nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Who>,
    /// Who asks, as they are named where Rondo runs: it goes into the access log.
    pub by: String,
    /// Why; without personal data, since it is kept.
    #[serde(default)]
    pub reason: String,
    /// The receipt to check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<serde_json::Value>,
    /// Which request of a customer that a shop system passed on is approved or declined, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Everything that is kept of the person, as data and as a page.
    Export,
    /// Everything that is kept of the person goes.
    Erase,
    /// What is kept of the person stays, and is not worked with.
    Restrict,
    /// The end of a restriction.
    Unrestrict,
    /// Who looked at or changed what.
    Log,
    /// Whether a receipt is genuine, and still honoured.
    Verify,
    /// What customers asked for through the systems of shops, and nobody has met yet.
    Requests,
    /// Does what a customer asked for.
    Approve,
    /// Does not do it, and says why.
    Decline,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Export => "export",
            Action::Erase => "erase",
            Action::Restrict => "restrict",
            Action::Unrestrict => "unrestrict",
            Action::Log => "log",
            Action::Verify => "verify",
            Action::Requests => "requests",
            Action::Approve => "approve",
            Action::Decline => "decline",
        }
    }
}

/// Whom a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Who {
    /// By an identifier of a kind: `user_id`, `email`, `phone`, `anonymous_id`, `open_id`, …; an external id as
    /// `scope:id`.
    Named { kind: String, value: String },
    /// By the key of the person, 32 hexadecimal digits.
    Person { person: String },
    /// By whatever identifier it is; the strongest kind that is known decides.
    Any { any: String },
    /// By the keyed hashes of identifiers, strongest first.
    Keys { keys: Vec<NamedKey> },
}

/// Longest name and reason, in characters.
const LONGEST: usize = 200;

impl Request {
    /// Whether it can be worked on at all.
    ///
    /// # Errors
    /// What is missing, or too long.
    pub fn check(&self) -> Result<(), PrivacyError> {
        if self.by.trim().is_empty() {
            return Err(PrivacyError::refused("`by` is empty; say who asks, for the access log"));
        }
        if self.by.chars().count() > LONGEST || self.reason.chars().count() > LONGEST {
            let reason = format!("`by` and `reason` may have {LONGEST} characters each; shorten them");
            return Err(PrivacyError::refused(reason));
        }
        let needs_person =
            matches!(self.action, Action::Export | Action::Erase | Action::Restrict | Action::Unrestrict);
        if needs_person && self.identifier.is_none() {
            let reason = "name the person: \"identifier\": {\"kind\": \"email\", \"value\": \"…\"}, or {\"person\": \"…\"}";
            return Err(PrivacyError::refused(reason));
        }
        if matches!(self.action, Action::Approve | Action::Decline) && self.request.is_none() {
            let reason = "name the request by its id: \"request\": \"…\"; the action `requests` lists them";
            return Err(PrivacyError::refused(reason));
        }
        if self.action == Action::Decline && self.reason.trim().is_empty() {
            return Err(PrivacyError::refused("say why it is declined: the customer may ask (GDPR 12(4))"));
        }
        if let Some(Who::Person { person }) = &self.identifier
            && Key::parse(person.trim()).is_none()
        {
            return Err(PrivacyError::refused("a person's key has 32 hexadecimal digits"));
        }
        Ok(())
    }
}
