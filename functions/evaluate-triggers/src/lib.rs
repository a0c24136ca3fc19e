#![doc = include_str!("../README.md")]

mod handler;
mod image;
mod run;

pub use handler::{handle_changes, handle_due, invoke};
pub use image::Image;
pub use run::{Deps, Outcome, Start, run, run_due, run_starts};
