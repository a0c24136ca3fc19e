//! What is needed of the store of people to undo a merge.

use crate::identity::Owner;
use crate::log::LogEntry;
use event::{Event, Identifier, Key, PortError};
use std::sync::Arc;

/// What undoing a merge puts in the place of what is stored.
#[derive(Debug, Default)]
pub struct Rewrite {
    pub profiles: Vec<RewrittenProfile>,
    pub identities: Vec<RewrittenIdentity>,
    /// Entries for the logs of these people.
    pub log: Vec<(Key, LogEntry)>,
}

/// A person's new state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewrittenProfile {
    pub person: Key,
    /// The kind of the identifier whose hash the person's id is.
    pub owner: Owner,
    /// The version that was loaded; 0 where nothing was stored.
    pub version: u64,
    /// A profile or a forwarding pointer; nothing where none is left.
    pub blob: Option<Arc<[u8]>>,
}

/// Whose an identifier is from now on: of every one that changes its owner, and of every one under whose hash a profile
/// does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RewrittenIdentity {
    pub identifier: Identifier,
    pub before: Option<Owner>,
    pub after: Option<Owner>,
}

/// Replaces what is stored of people.
#[allow(async_fn_in_trait)]
pub trait IdentityRewrite {
    /// All of it in one step, on the condition that nobody wrote any of it since it was loaded; false, and nothing is
    /// written, where somebody did.
    async fn rewrite(&self, rewrite: Rewrite) -> Result<bool, PortError>;
}

/// Every event that was accepted, in the order in which it was.
#[allow(async_fn_in_trait)]
pub trait EventHistory {
    /// Shows the identifiers of every event.
    async fn each_identifiers(&self, visit: impl FnMut(&[Identifier])) -> Result<(), PortError>;
    /// Shows every event.
    async fn each_event(&self, visit: impl FnMut(&Event<'_>)) -> Result<(), PortError>;
}
