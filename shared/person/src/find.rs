//! Who a visitor is, for who only looks.

use crate::encode::Blob;
use crate::port::{IdentityStore, ProfileStore, Stored};
use event::{Identifier, IdentifierKind, Key, PortError};
use std::sync::Arc;

/// How many merges one after the other are followed.
const MAX_HOPS: usize = 8;

/// A person, as they were stored when they were looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The id that they go by now.
    pub person: Key,
    pub version: u64,
    /// The stored profile, never a forwarding pointer.
    pub blob: Arc<[u8]>,
}

/// Finds people by what a visitor is known by.
#[allow(async_fn_in_trait)]
pub trait PersonSource {
    /// The person of the first of these identifiers (strongest first) that is anybody's; of merged people, whom they
    /// went into.
    async fn find(&self, identifiers: &[Identifier]) -> Result<Option<Found>, PortError>;
}

/// [`PersonSource::find`] over a store of profiles and identities.
pub async fn find_person<S: ProfileStore + IdentityStore>(
    store: &S,
    identifiers: &[Identifier],
) -> Result<Option<Found>, PortError> {
    let owners = store.owners(identifiers).await?;
    for (identifier, owner) in identifiers.iter().zip(owners) {
        // The hash of a user id is the person's id, so that it may have no entry of its own.
        let named = owner.map(|owner| owner.person);
        let mut next = named.or((identifier.kind == IdentifierKind::User).then_some(identifier.key));
        for _ in 0..=MAX_HOPS {
            let Some(person) = next else { break };
            let Some(stored) = store.load(&[person]).await?.pop().flatten() else { break };
            match follow(person, stored)? {
                Step::Found(found) => return Ok(Some(found)),
                Step::Merged(into) => next = Some(into),
            }
        }
    }
    Ok(None)
}

/// Where a stored row leads.
pub enum Step {
    Found(Found),
    Merged(Key),
}

/// What a row is: a profile, or the pointer that a merge left.
///
/// # Errors
/// A damaged row.
pub fn follow(person: Key, stored: Stored) -> Result<Step, PortError> {
    match Blob::forward_of(&stored.blob) {
        Ok(Some(into)) => Ok(Step::Merged(into)),
        Ok(None) => Ok(Step::Found(Found { person, version: stored.version, blob: stored.blob })),
        Err(_) => Err(PortError::Failed { what: "the profile", reason: "it is damaged".to_owned() }),
    }
}

/// Profiles that several processes share for a short while, beside the store: what one of them read, the others need
/// not read again.
#[allow(async_fn_in_trait)]
pub trait SharedProfiles {
    /// What is kept under an identifier: nothing where nothing is, or what is there is no longer fresh.
    async fn get(&self, identifier: Identifier) -> Result<Option<Found>, PortError>;
    /// Keeps a profile, unless a newer version of the same person is kept already.
    async fn put(&self, identifier: Identifier, found: &Found) -> Result<(), PortError>;
}

/// Where there is no such place, nothing is shared.
impl<S: SharedProfiles> SharedProfiles for Option<S> {
    async fn get(&self, identifier: Identifier) -> Result<Option<Found>, PortError> {
        match self {
            Some(shared) => shared.get(identifier).await,
            None => Ok(None),
        }
    }

    async fn put(&self, identifier: Identifier, found: &Found) -> Result<(), PortError> {
        match self {
            Some(shared) => shared.put(identifier, found).await,
            None => Ok(()),
        }
    }
}

/// No process shares anything.
pub struct NothingShared;

impl SharedProfiles for NothingShared {
    async fn get(&self, _: Identifier) -> Result<Option<Found>, PortError> {
        Ok(None)
    }

    async fn put(&self, _: Identifier, _: &Found) -> Result<(), PortError> {
        Ok(())
    }
}
