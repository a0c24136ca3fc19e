#![doc = include_str!("../README.md")]

mod again;
mod columns;
mod convert;
mod error;
mod file;
mod fingerprint;
mod format;
mod handler;
mod lines;
mod object;
mod position;
mod preview;
mod propose;
mod queue;
mod replay;
mod rows;
mod shape;
mod split;
mod stream;

pub use again::{ReplayError, ReplayRequest, handle_replay};
pub use convert::{Arena, Imported, MAX_ROW, Spare, convert};
pub use error::ImportError;
pub use file::SourceFile;
pub use fingerprint::Fingerprint;
pub use format::{Format, Mappings};
pub use handler::{Deps, handle, invoke};
pub use lines::{Batch, Line, Lines};
pub use object::{Totals, run};
pub use position::Position;
pub use preview::{Preview, preview};
pub use propose::{Proposal, propose};
pub use queue::handle_queue;
pub use replay::Replay;
pub use rows::Rows;
pub use split::{JsonPlace, Splitting};
pub use stream::{Source, decoded};
