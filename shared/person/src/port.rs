//! Where profiles and identities are kept.

use crate::identity::Owner;
use crate::log::LogEntry;
use event::{Event, Identifier, Key, PortError};
use std::sync::Arc;

/// A stored profile: its blob and the version that the next write has to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub version: u64,
    pub blob: Arc<[u8]>,
}

/// One person's new state, written on the condition that nobody else wrote since it was loaded.
#[derive(Debug)]
pub struct ProfileWrite<'a> {
    pub person: Key,
    /// The version loaded; 0 for a new person.
    pub version: u64,
    pub blob: Arc<[u8]>,
    /// The events of this write that a live campaign could want: what makes the store's change stream an
    /// outbox that can't be out of step with it.
    pub fresh: Vec<&'a Event<'a>>,
    /// People whose state went into this one by this write. Their blobs become forwarding pointers, which are
    /// written with it, each on its own condition.
    pub merged: Vec<Merged>,
    /// Identifiers that this write links to the person; in one step with the profile.
    pub links: Vec<Identifier>,
    /// Who the person is to those identifiers.
    pub owner: Owner,
    /// What the person's identity log says of this write, which is written with it.
    pub log: Vec<LogEntry>,
}

/// Somebody whose state goes into another person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// Who goes.
    pub owner: Owner,
    /// The version loaded; 0 where nothing was stored of them.
    pub version: u64,
}

/// What the store's change stream tells evaluate-triggers of one write.
#[derive(Debug)]
pub struct ProfileChange<'a> {
    pub person: Key,
    pub blob: Arc<[u8]>,
    pub fresh: Vec<&'a Event<'a>>,
    pub merged: Vec<Key>,
    /// Whether the person of that profile said no to being counted.
    pub refuses_analytics: bool,
}

/// Profiles by person id.
#[allow(async_fn_in_trait)]
pub trait ProfileStore {
    /// The stored profiles of these people, in their order.
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError>;
    /// Writes each on its conditions: the versions of the person and of those merged into it are the ones that
    /// were loaded, and no identifier that it links has another owner meanwhile. The people whose conditions
    /// failed come back, and nothing of theirs was written. In one step for each person: profile, links,
    /// forwarding pointers, log, and the change.
    async fn write(&self, writes: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError>;
}

/// People by identifier. A user id needs no entry: its hash is the person's id.
#[allow(async_fn_in_trait)]
pub trait IdentityStore {
    /// Whose these identifiers are, in their order.
    async fn owners(&self, identifiers: &[Identifier]) -> Result<Vec<Option<Owner>>, PortError>;
}
