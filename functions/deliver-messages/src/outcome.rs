//! What became of an action in one run.

use campaign::Reason;

/// What became of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it.
    Sent,
    Refused(Reason),
    /// It comes again at `until`, UTC ms.
    Held {
        until: i64,
    },
    /// What it asked to be reported is on the bus; there was nothing to send.
    Reported,
    /// It was dealt with before, or is being dealt with elsewhere.
    Duplicate,
    /// It may have been sent: a person finds out. It is not sent again.
    Unknown,
    /// It was certainly not sent, and may be put in again; why not, without personal data.
    Retry(String),
}

impl Outcome {
    /// The name under which it is counted.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Sent => "Sent",
            Outcome::Refused(_) => "Refused",
            Outcome::Held { .. } => "Held",
            Outcome::Reported => "Reported",
            Outcome::Duplicate => "Duplicates",
            Outcome::Unknown => "Unknown",
            Outcome::Retry(_) => "Retries",
        }
    }
}
