//! What a shop system asks for by law about a customer: kept until somebody, or a schedule, meets it.

use crate::{Identifier, IdentifierKind, Key, PortError, PrivacyStore, Pseudonymizer};
use serde::{Deserialize, Serialize};

/// Where requests are kept among the privacy files.
pub const PRIVACY_REQUESTS: &str = "requests/";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// All that is kept of a customer, to be handed to them.
    Export,
    /// All that is kept of a customer is to go.
    Erase,
    /// All that is kept of every customer of a shop is to go.
    EraseShop,
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    #[default]
    Open,
    Met,
    Declined,
}

/// One request. It names the customer by keyed hashes alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrivacyRequest {
    /// 32 hexadecimal digits: the same for the same webhook, however often it is delivered.
    pub id: String,
    pub asked: Asked,
    /// The name of the source that sent the webhook.
    pub source: String,
    /// UTC ms.
    pub received_at: i64,
    pub identifiers: Vec<NamedKey>,
    #[serde(default)]
    pub state: RequestState,
    /// When it was met or declined, UTC ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<i64>,
}

/// An identifier as it is written in files: never its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedKey {
    pub kind: String,
    pub key: String,
}

impl From<Identifier> for NamedKey {
    fn from(identifier: Identifier) -> NamedKey {
        NamedKey { kind: identifier.kind.as_str().to_owned(), key: identifier.key.to_string() }
    }
}

impl NamedKey {
    /// `None` for a kind that is not known, or a key that is none.
    pub fn identifier(&self) -> Option<Identifier> {
        Some(Identifier { kind: IdentifierKind::parse(&self.kind)?, key: Key::parse(&self.key)? })
    }
}

impl PrivacyRequest {
    /// A request that a webhook with this topic and body makes. `now` is UTC ms.
    pub fn new(
        hasher: &Pseudonymizer,
        (source, topic, body): (&str, &str, &[u8]),
        asked: Asked,
        identifiers: &[Identifier],
        now: i64,
    ) -> PrivacyRequest {
        let text = format!("{source}\n{topic}\n{}", String::from_utf8_lossy(body));
        PrivacyRequest {
            id: hasher.key("webhook's privacy request", &text).to_string(),
            asked,
            source: source.to_owned(),
            received_at: now,
            identifiers: identifiers.iter().copied().map(NamedKey::from).collect(),
            state: RequestState::Open,
            closed_at: None,
        }
    }

    /// Where it is kept.
    pub fn path(&self) -> String {
        format!("{PRIVACY_REQUESTS}{}.json", self.id)
    }
}

/// Keeps requests until they are met.
#[allow(async_fn_in_trait)]
pub trait PrivacyRequests {
    /// Keeps a request. One that is kept already stays as it is, whatever became of it.
    ///
    /// # Errors
    /// It could not be kept: the webhook is to be delivered again.
    async fn keep(&self, request: &PrivacyRequest) -> Result<(), PortError>;
}

impl<S: PrivacyStore> PrivacyRequests for S {
    async fn keep(&self, request: &PrivacyRequest) -> Result<(), PortError> {
        let bytes = serde_json::to_vec(request).unwrap_or_default();
        match self.put(&request.path(), &bytes, Some("")).await {
            Err(PortError::Conflict { .. }) => Ok(()),
            kept => kept,
        }
    }
}

/// For an intake that has nowhere to keep them: who delivers is told to come again.
#[derive(Debug, Clone, Copy)]
pub struct NoRequests;

impl PrivacyRequests for NoRequests {
    async fn keep(&self, _: &PrivacyRequest) -> Result<(), PortError> {
        let reason = "this intake was given no place for them".to_owned();
        Err(PortError::Failed { what: "the requests of customers", reason })
    }
}
