//! The lake: every accepted event as one row of immutable Parquet files.
//!
//! A table is a folder of one folder a UTC day: `events/dt=2026-11-22/<shard>-<first sequence>.parquet`
//! (see [`event_path`]). [`EventFile`] builds such a file in memory, [`scan`] streams the columns that a
//! report asks for, [`replay`] gives the events back as they were. [`LakeStore`] is where files lie.
//!
//! Rows hold keyed hashes only, never an e-mail address, a phone number or a name.

mod buffer;
mod column;
mod error;
mod history;
mod path;
mod replay;
mod rewrite;
mod rows;
mod scan;
mod schema;
mod snapshot;
mod store;
mod write;

pub use column::{Key, Long, Text};
pub use error::LakeError;
pub use history::History;
pub use path::{EVENTS, event_path};
pub use replay::{Archived, other_identities, replay};
pub use rewrite::{Fate, Rewritten, mentions, rewrite};
pub use rows::{KeyColumn, LongColumn, Rows, TextColumn};
pub use scan::{Columns, scan};
pub use snapshot::{LatestError, PROFILES, Snapshot, SnapshotPart, scan_snapshot, without_rows};
pub use store::{LakeErasure, LakeFile, LakeStore, ReportStore};
pub use write::EventFile;
