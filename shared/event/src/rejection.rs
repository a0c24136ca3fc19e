//! Why a record did not become an event.

use std::fmt;

/// What is wrong with a record, in a word that machines and reports count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// Not JSON, or JSON cut short.
    InvalidJson,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// Longer than the limit for one event.
    TooLarge,
    /// Objects and arrays nested deeper than the limit.
    TooDeep,
    /// No `type`, or one that is not of the Segment spec.
    InvalidType,
    /// A track call without an event name.
    MissingEvent,
    /// No usable identifier: none given, or only junk ones.
    MissingIdentifier,
    /// A field of the wrong shape.
    InvalidField,
    /// A row that the mapping file can't turn into an event.
    InvalidRow,
    /// A message of the bus that is damaged, or written by a later release.
    InvalidEnvelope,
    /// An event whose person's profile could not be read or written.
    NotApplied,
    /// The event's schema in the tracking plan does not allow it.
    PlanViolation,
    /// The person did not agree to what keeping the event needs.
    NoConsent,
    /// It is about somebody whose data was erased, and from before that.
    Erased,
    /// It is about somebody whose data may be kept but not worked with.
    Restricted,
    /// A webhook whose signature is missing or wrong.
    InvalidSignature,
}

impl Code {
    /// The code as it stands in quarantine files, answers and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidJson => "invalid_json",
            Code::InvalidUtf8 => "invalid_utf8",
            Code::TooLarge => "too_large",
            Code::TooDeep => "too_deep",
            Code::InvalidType => "invalid_type",
            Code::MissingEvent => "missing_event",
            Code::MissingIdentifier => "missing_identifier",
            Code::InvalidField => "invalid_field",
            Code::InvalidRow => "invalid_row",
            Code::InvalidEnvelope => "invalid_envelope",
            Code::NotApplied => "not_applied",
            Code::PlanViolation => "plan_violation",
            Code::NoConsent => "no_consent",
            Code::Erased => "erased",
            Code::Restricted => "restricted",
            Code::InvalidSignature => "invalid_signature",
        }
    }

    /// Whether a record that was refused so is kept in quarantine. What must not be kept is only counted.
    pub fn is_kept(self) -> bool {
        !matches!(self, Code::Erased | Code::NoConsent)
    }

    /// The code of that name, if there is one.
    pub fn parse(text: &str) -> Option<Code> {
        use Code::*;
        [
            InvalidJson,
            InvalidUtf8,
            TooLarge,
            TooDeep,
            InvalidType,
            MissingEvent,
            MissingIdentifier,
            InvalidField,
            InvalidRow,
            InvalidEnvelope,
            NotApplied,
            PlanViolation,
            NoConsent,
            Erased,
            Restricted,
            InvalidSignature,
        ]
        .into_iter()
        .find(|code| code.as_str() == text)
    }
}

/// A record that was refused: the code, the field it is about (a JSON path; empty for the whole record)
/// and a sentence that says what is wrong and what to do. Holds no value of the record, so it may be
/// logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Rejection {
    pub code: Code,
    pub field: String,
    pub reason: String,
}

impl Rejection {
    pub fn new(code: Code, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Rejection { code, field: field.into(), reason: reason.into() }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code.as_str())?;
        if !self.field.is_empty() {
            write!(f, " ({})", self.field)?;
        }
        write!(f, ": {}", self.reason)
    }
}
