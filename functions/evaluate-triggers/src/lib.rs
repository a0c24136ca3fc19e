#![doc = include_str!("../README.md")]

// mod handler;
mod run;

// pub use handler::{Image, handle_changes, handle_due};
pub use run::{Deps, Outcome, run, run_due};
