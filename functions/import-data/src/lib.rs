#![doc = include_str!("../README.md")]

mod convert;
mod error;
mod file;
mod fingerprint;
mod format;
mod handler;
mod lines;
mod object;
mod position;
mod queue;

pub use convert::{Arena, Imported, convert};
pub use error::ImportError;
pub use file::{SourceFile, decoded};
pub use fingerprint::Fingerprint;
pub use format::{Format, Mappings};
pub use handler::{Deps, handle, invoke};
pub use lines::{Batch, Line, Lines};
pub use object::{Totals, run};
pub use position::Position;
pub use queue::handle_queue;
