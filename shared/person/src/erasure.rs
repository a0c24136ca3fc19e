//! What is needed of the store of people to find all of one person, and to remove it.

use crate::identity::Owner;
use event::{Identifier, Key, PortError};

/// One thing that the store of people holds.
#[derive(Debug, Clone, Copy)]
pub enum PersonRow<'r> {
    /// A profile, or the forwarding pointer that a merge left.
    Profile { person: Key, version: u64, blob: &'r [u8] },
    /// Whose an identifier is.
    Identity { identifier: Identifier, owner: Owner },
}

/// What was removed of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeopleErased {
    /// Profiles and forwarding pointers.
    pub profiles: u64,
    /// Identifiers that pointed to them.
    pub identities: u64,
}

/// The store of people for who may delete in it.
#[allow(async_fn_in_trait)]
pub trait PeopleErasure {
    /// Shows everything that the store holds, in no order of meaning: it reads all of it.
    async fn each_row(&self, visit: impl FnMut(PersonRow<'_>)) -> Result<(), PortError>;
    /// Removes the profiles and pointers of these people, and the entries of these identifiers. Repeating it removes
    /// what is left.
    async fn erase_people(
        &self,
        people: &[Key],
        identifiers: &[Identifier],
    ) -> Result<PeopleErased, PortError>;
}
