//! `rondo bench`: each subject prints one JSON object.

mod campaign;
mod edge;
mod main_loop;
mod scratch;

pub use edge::{EdgeArgs, edge};
pub use main_loop::{MainArgs, main_loop};
