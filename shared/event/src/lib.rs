//! The canonical event: what every source's records become, and the only thing that the rest of Rondo
//! sees of them.
//!
//! [`Parser`] turns a Segment-spec JSON record into an [`Event`]: cleaned, put on UTC milliseconds,
//! stripped of personal data, its identifiers replaced by keyed hashes. What can't become an event
//! becomes a [`Rejection`] with a code, a field and a reason.
//!
//! The crate is pure: it knows no clock, environment, storage or cloud.

mod arrival;
mod block;
mod blocked;
mod calendar;
mod commerce;
mod consent;
mod contact;
mod context;
mod convert;
pub mod dialect;
mod encode;
mod envelope;
mod event;
mod fault;
mod identifier;
mod identify;
mod inherit;
mod json;
mod keyed;
mod mapping;
mod marks;
mod mask;
mod merge_call;
mod money;
mod parse;
mod pii;
mod places;
mod plan;
mod port;
mod privacy;
mod privacy_request;
mod privacy_store;
mod quality;
mod raw;
mod refused;
mod rejection;
mod survey;
mod text;
mod time;
mod token;
pub mod wire;
mod withheld;
mod without_personal;

pub use arrival::Arrival;
pub use blocked::BlockedIdentifiers;
pub use calendar::{DAY, HOUR, MINUTE, SECOND, day_of, day_start, iso_date, iso_time};
pub use commerce::{Facts, Item};
pub use consent::{ConsentRules, Purpose, Unasked};
pub use contact::{normalise_email, normalise_phone};
pub use context::{Campaign, Context, Device};
pub use envelope::{MAX_ENVELOPE_BYTES, decode_envelope, encode_envelopes};
pub use event::{Event, EventType, MessageHash, TimeMark, names};
pub use identifier::{Identifier, IdentifierKind, Identifiers, Key, Pseudonymizer, is_junk};
pub use identify::PUSH_TOKEN;
pub use mapping::{FileFormat, Layout, Mapping, MappingError, Records, RowKind, Scratch, Separator};
pub use marks::{Marks, Violation};
pub use money::{Currency, minor_units};
pub use parse::{Parsed, Parser, ParserSettings};
pub use pii::Secret;
pub use plan::{TrackingPlan, Verdict};
pub use port::{
    EventBus, ObjectSource, PortError, Quarantine, QuarantineStore, Quarantined, Vault, VaultStore,
};
pub use privacy::{DamagedList, Listed, Privacy, PrivacyList};
pub use privacy_request::{
    Asked, NamedKey, NoRequests, PRIVACY_REQUESTS, PrivacyRequest, PrivacyRequests, RequestState,
};
pub use privacy_store::{ACCESS_LOG, AccessEntry, PRIVACY_LIST, PrivacyStore, Versioned};
pub use quality::{Measure, NotCounted, QualityCount, QualityLog, QualitySource};
pub use refused::Came;
pub use rejection::{Code, Rejection};
pub use time::{MAX_FUTURE_MS, parse_time};
pub use token::{empty_tokens, tokens_in};
pub use without_personal::without_personal;
