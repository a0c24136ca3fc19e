//! What the function works with, and why it could not do its work.

use campaign::Campaigns;
use event::{PortError, Privacy};
use jiff::tz::TimeZone;
use lake::{LakeError, LatestError};

/// What run-campaigns works with.
pub struct Deps<'d, P, L, R, Q> {
    /// Read from end to end for a snapshot.
    pub profiles: &'d P,
    /// Holds the snapshots.
    pub lake: &'d L,
    /// How far each campaign has come.
    pub runs: &'d R,
    pub queue: &'d Q,
    pub campaigns: &'d Campaigns,
    /// The calendar of people who told no time zone of their own.
    pub zone: &'d TimeZone,
    /// Who is left out: their data are gone, or may not be worked with.
    pub privacy: &'d Privacy,
}

/// Why it could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// What was asked for can't be done; says what to do instead.
    #[error("{0}")]
    Refused(String),
    /// A row that says how far it has come can't be read.
    #[error("how far `{name}` has come can't be read; remove that row, and what is due from now on is begun")]
    Damaged { name: String },
    /// Somebody else goes on with the same work.
    #[error("`{name}` is being run elsewhere")]
    Elsewhere { name: String },
}

impl From<LatestError> for RunError {
    fn from(error: LatestError) -> RunError {
        match error {
            LatestError::Port(error) => RunError::Port(error),
            LatestError::Damaged(error) => RunError::Lake(error),
        }
    }
}
