#![doc = include_str!("../README.md")]

mod answer;
mod asked;
mod handler;
mod hot;
mod keys;
mod run;

pub use answer::Response;
pub use asked::MAX_SENT;
pub use handler::{invoke, not_ready};
pub use hot::{HotProfiles, KEPT_BYTES};
pub use keys::ReadKeys;
pub use lambda::Request;
pub use run::{Deps, PATH, run, visitor_parser};
