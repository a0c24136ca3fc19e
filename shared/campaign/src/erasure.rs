//! What is needed to find all that campaigns keep of a person, and to remove it.

use crate::{Held, LedgerEntry};
use event::{Key, PortError};

/// What was removed of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CampaignsErased {
    pub journeys: u64,
    pub timers: u64,
    /// Actions that waited to be delivered.
    pub actions: u64,
    pub ledger: u64,
    pub caps: u64,
}

/// Journeys, timers, waiting actions, ledger and caps for who may delete in them.
#[allow(async_fn_in_trait)]
pub trait CampaignErasure {
    /// The actions that wait for these people; `until` is the lowest number for one that waits for nothing but its
    /// turn.
    async fn waiting(&self, people: &[Key]) -> Result<Vec<Held>, PortError>;
    /// The ledger's entries of these people, oldest first.
    async fn entries(&self, people: &[Key]) -> Result<Vec<LedgerEntry>, PortError>;
    /// Removes all of these people. Repeating it removes what is left.
    async fn erase_campaigns(&self, people: &[Key]) -> Result<CampaignsErased, PortError>;
}

/// A message that was sent and of which a copy is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentCopy {
    /// What the copy is known by where it is kept.
    pub name: String,
    /// The whole message (RFC 5322).
    pub bytes: Vec<u8>,
}

/// Copies of messages that were sent.
#[allow(async_fn_in_trait)]
pub trait SentCopies {
    /// Those of these actions, and those addressed to one of these e-mail addresses.
    async fn copies(&self, actions: &[Key], addresses: &[String]) -> Result<Vec<SentCopy>, PortError>;
    /// Removes copies by name; one that is gone already is no error.
    async fn remove_copies(&self, names: &[String]) -> Result<(), PortError>;
}

/// For channels that keep none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCopies;

impl SentCopies for NoCopies {
    async fn copies(&self, _: &[Key], _: &[String]) -> Result<Vec<SentCopy>, PortError> {
        Ok(Vec::new())
    }

    async fn remove_copies(&self, _: &[String]) -> Result<(), PortError> {
        Ok(())
    }
}
