//! What the function works with, and why it could not do its work.

use campaign::{CampaignErasure, JourneyStore, SentCopies};
use event::{Parser, PortError, PrivacyStore, QuarantineStore, VaultStore};
use lake::{LakeErasure, LakeError};
use person::{IdentityStore, PeopleErasure, ProfileStore};

/// The kinds of stores of a deployment.
pub trait Stores {
    type People: ProfileStore + IdentityStore + PeopleErasure;
    type Journeys: JourneyStore;
    type Campaigns: CampaignErasure;
    type Lake: LakeErasure;
    type Vault: VaultStore;
    type Quarantine: QuarantineStore;
    type Copies: SentCopies;
    type Files: PrivacyStore;
}

/// Every store that holds something of a person.
pub struct Deps<'d, S: Stores> {
    pub people: &'d S::People,
    pub journeys: &'d S::Journeys,
    pub campaigns: &'d S::Campaigns,
    pub lake: &'d S::Lake,
    pub vault: &'d S::Vault,
    pub quarantine: &'d S::Quarantine,
    pub copies: &'d S::Copies,
    /// The privacy list, receipts, jobs under way and the access log.
    pub files: &'d S::Files,
    /// Hashes as intake does. Where intake runs in the same process, it shares the list in force.
    pub parser: &'d Parser,
    /// Whether what a shop system asks to be erased is erased without anybody's approval.
    pub erases_unasked: bool,
    /// Makes what was written until now durable, where the stores don't do so of themselves.
    pub settle: &'d dyn Fn() -> Result<(), PortError>,
}

/// Why a request was not met. Holds no personal data but what the request named.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The request can't be met as it is.
    #[error("{0}")]
    Refused(String),
    /// What is stored can't be read.
    #[error("{what} is damaged: {reason}")]
    Damaged { what: &'static str, reason: String },
}

impl PrivacyError {
    pub(crate) fn refused(reason: impl Into<String>) -> PrivacyError {
        PrivacyError::Refused(reason.into())
    }

    pub(crate) fn damaged(what: &'static str, reason: impl ToString) -> PrivacyError {
        PrivacyError::Damaged { what, reason: reason.to_string() }
    }
}
