//! `rondo bench`: each subject prints one JSON object.

mod campaign;
mod main_loop;

pub use main_loop::{MainArgs, main_loop};
