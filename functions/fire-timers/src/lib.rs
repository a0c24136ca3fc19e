#![doc = include_str!("../README.md")]

mod handler;
mod run;

pub use handler::{Deps, handle, invoke};
pub use run::{run, run_held};
