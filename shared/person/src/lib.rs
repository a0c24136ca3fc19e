//! One person: who they are (identity resolution) and what is known of them (the profile).
//!
//! A profile is a *pure, commutative and idempotent fold* of events: any order, any batching and any
//! redelivery within the dedupe window give the same bytes. That shapes every part of the state:
//!
//! - numbers are integers, and only added, or replaced by a larger or smaller one;
//! - the last writer wins by event time, and between two of the same millisecond by value;
//! - what is bounded keeps the newest by event time, or the first by a fixed order: in both cases an
//!   entry that was dropped stays dropped whatever comes later;
//! - windows end at the newest event seen, which only moves forward.
//!
//! The crate is pure: it knows no clock, environment, storage or cloud.

mod affinity;
pub mod attribute;
mod bounded;
mod channels;
mod consent;
mod counters;
mod dedupe;
mod devices;
mod encode;
mod erasure;
mod find;
mod fold;
mod identity;
mod limits;
mod links;
mod log;
mod merge;
mod on_site;
mod orders;
mod port;
mod profile;
mod recent;
mod resolve;
mod rewrite;
mod scan;
mod separation;
mod service;
mod sessions;
mod touched;
mod touches;
mod traits;
mod view;

pub use affinity::{Affinity, HALF_LIFE_MS};
pub use channels::ChannelState;
pub use consent::Proof;
pub use counters::{Counter, WINDOW_DAYS};
pub use dedupe::{DedupeWindow, MAX_HASHES, MAX_REFUNDS, WINDOW_MINUTES};
pub use devices::OwnedDevice;
pub use encode::Blob;
pub use erasure::{PeopleErased, PeopleErasure, PersonRow};
pub use find::{Found, NothingShared, PersonSource, SharedProfiles, Step, find_person, follow};
pub use fold::Applied;
pub use identity::{IdentityGraph, IdentityRules, Owner, Reason, Refusal, Resolution};
pub use limits::Limits;
pub use links::{MAX_REFUSED, Origin, Refused};
pub use log::{IdentityLog, LogEntry};
pub use on_site::{MAX_SAID, ON_SITE, Showings, Waiting};
pub use orders::{Money, Orders};
pub use port::{IdentityStore, Merged, ProfileChange, ProfileStore, ProfileWrite, Stored};
pub use profile::{Dwell, Profile};
pub use recent::Recent;
pub use resolve::resolve;
pub use rewrite::{EventHistory, IdentityRewrite, Rewrite, RewrittenIdentity, RewrittenProfile};
pub use scan::ProfileScan;
pub use separation::{Separation, kept_apart};
pub use service::Case;
pub use sessions::{SESSION_DAYS, SESSION_GAP_S, Session};
pub use touched::may_touch;
pub use touches::Touch;
pub use traits::Trait;
