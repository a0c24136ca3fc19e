//! The ports of intake: what it needs of the outside.

use crate::{Came, Event, Identifier, QualityCount, Rejection, Secret};
use std::io;

/// Why a port could not do what was asked. What the caller does next is in the variant.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Passing: the same call may go through later.
    #[error("{what} is not available now: {reason}")]
    Unavailable { what: &'static str, reason: String },
    /// Somebody else wrote in between: load again and repeat.
    #[error("{what} was changed by another writer")]
    Conflict { what: &'static str },
    /// It will not work by repeating it: a full disk, a damaged file, a missing permission.
    #[error("{what} failed: {reason}")]
    Failed { what: &'static str, reason: String },
}

/// Takes events to every consumer. An event is accepted once this returned: whatever dies afterwards, it
/// will be delivered.
#[allow(async_fn_in_trait)]
pub trait EventBus {
    /// Publishes in order. On an error none, some or all may be delivered: publish again, consumers
    /// deduplicate.
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError>;
}

/// The only place with raw personal data, encrypted. Intake puts; delivery and privacy read.
#[allow(async_fn_in_trait)]
pub trait Vault {
    /// Puts all; a value that is there already is replaced.
    async fn put(&self, secrets: &[Secret]) -> Result<(), PortError>;
    /// The raw value of `field` ("email", "phone", "first_name", …) under an identifier.
    async fn get(&self, identifier: Identifier, field: &str) -> Result<Option<String>, PortError>;
}

/// The vault for whoever answers for it as a whole: a person's rights are met with it.
#[allow(async_fn_in_trait)]
pub trait VaultStore: Vault {
    /// Every value under an identifier, in the order of its fields.
    async fn fields(&self, identifier: Identifier) -> Result<Vec<Secret>, PortError>;
    /// Removes every value under these identifiers, and tells how many there were. On an error some may be left:
    /// repeat.
    async fn remove(&self, identifiers: &[Identifier]) -> Result<u64, PortError>;
}

/// A record that was refused, kept whole so that it can be put in again after a fix. The original may
/// hold personal data: adapters store it sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarantined {
    /// When it was refused, UTC ms.
    pub at: i64,
    /// The source it came by: a write key's name, or a file and line.
    pub source: String,
    pub rejection: Rejection,
    /// The record as it came; the first 32 KiB where it was too large.
    pub original: Vec<u8>,
    /// How it came; the default for what the source says all of: a file and line, a queue, a function.
    pub came: Came,
}

/// Keeps what was refused.
#[allow(async_fn_in_trait)]
pub trait Quarantine {
    /// Keeps all. Putting the same record again does not double it.
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError>;

    /// Counts what left nothing to keep: duplicates, and records that must not be kept. Refused records are counted as
    /// they are put. Does nothing where nothing is counted.
    async fn count(&self, _: &[QualityCount]) -> Result<(), PortError> {
        Ok(())
    }
}

/// The quarantine for whoever looks into it. A record's id is the store's own: short text without spaces, the same
/// for the same record put again.
#[allow(async_fn_in_trait)]
pub trait QuarantineStore: Quarantine {
    /// Shows every record with its id, in no order of meaning.
    ///
    /// # Errors
    /// Also a record that can't be read: it is named.
    async fn each(&self, visit: impl FnMut(&str, Quarantined)) -> Result<(), PortError>;
    /// The record of an id.
    async fn find(&self, id: &str) -> Result<Option<Quarantined>, PortError>;
    /// Removes the records of these ids; those that are not there are none. On an error some may be left: repeat.
    async fn remove(&self, ids: &[String]) -> Result<(), PortError>;
}

/// Opens stored objects for reading from their beginning.
#[allow(async_fn_in_trait)]
pub trait ObjectSource {
    /// `NotFound` for an object that is not there.
    async fn open(&self, bucket: &str, key: &str) -> io::Result<Box<dyn io::Read + Send>>;
}
