#![doc = include_str!("../README.md")]

mod deps;
mod due;
mod handler;
mod progress;
mod snapshot;
mod step;

pub use deps::{Deps, RunError};
pub use handler::invoke;
pub use progress::{Progress, Sweep, Taken};
pub use step::{Outcome, begin, next_due, run, step};
