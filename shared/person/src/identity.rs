//! What a deployment knows of identities, and what an event says of them.

use crate::limits::Limits;
use crate::separation::Separation;
use event::{Identifier, IdentifierKind, Key};

/// The person that an identifier belongs to, and the kind of identifier their id is the hash of: what
/// decides who is merged into whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    pub kind: IdentifierKind,
    pub person: Key,
}

impl From<Identifier> for Owner {
    fn from(identifier: Identifier) -> Owner {
        Owner { kind: identifier.kind, person: identifier.key }
    }
}

impl From<Owner> for Identifier {
    /// The identifier whose hash the person's id is.
    fn from(owner: Owner) -> Identifier {
        Identifier { kind: owner.kind, key: owner.person }
    }
}

/// Why an identifier was not linked to the person of an event that carried it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The two were separated: a merge of them was undone.
    Separated,
    /// It belongs to another known person: two user ids are two people.
    Known,
    /// It belongs to somebody who is known by something personal, and a device or a browser is not enough to join two.
    Shared,
    /// It, or what would come with it, is more than one person may have of its kind.
    Limit,
}

impl Reason {
    /// Why an identifier that came with a person's events is not theirs: whose it is, and whom they are kept apart from,
    /// say so at any time. So a profile need not keep the reason, which could depend on what came first.
    pub fn of(
        identifier: Identifier,
        claimant: Owner,
        owner: Option<Owner>,
        kept_apart: impl Fn(Owner) -> bool,
    ) -> Reason {
        match owner {
            Some(owner) if kept_apart(owner) => Reason::Separated,
            Some(owner) if owner.kind == IdentifierKind::User && claimant.kind == IdentifierKind::User => {
                Reason::Known
            }
            Some(owner) if !identifier.kind.is_personal() && owner.kind.is_personal() => Reason::Shared,
            _ => Reason::Limit,
        }
    }

    /// The reason as it is written in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Separated => "separated",
            Reason::Known => "known_apart",
            Reason::Shared => "shared",
            Reason::Limit => "limit",
        }
    }
}

/// A link that was not made. The identifier stays with whom it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub identifier: Identifier,
    /// Nobody, where it was only one too many.
    pub owner: Option<Owner>,
    pub claimant: Owner,
    pub reason: Reason,
}

/// Whose an event is, and what it says of identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    pub owner: Owner,
    /// Identifiers that nobody had: the person's from now on.
    pub links: Vec<Identifier>,
    /// People who turn out to be the same person and go into it, each with the identifier that says so.
    pub merges: Vec<(Owner, Identifier)>,
    pub refusals: Vec<Refusal>,
}

/// What a deployment says of identities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityRules {
    pub limits: Limits,
    /// People to be kept apart who are not stored yet: of a replay. Stored profiles say for themselves whom they are
    /// kept apart from.
    pub separations: Vec<Separation>,
}

/// Who is known by what so far.
pub trait IdentityGraph {
    /// Whose an identifier is; not asked of user ids, which are always their own person's.
    fn owner(&self, identifier: Identifier) -> Option<Owner>;
    /// Whatever a person is known by, each once; nothing for somebody new.
    fn linked(&self, person: Owner) -> Vec<Identifier>;
    /// The identifiers that a person is kept apart from, as it is stored.
    fn separated(&self, person: Owner) -> Vec<Identifier>;
}
