#![doc = include_str!("../README.md")]

mod foresee;
mod handler;
mod outcome;
mod people;
mod plan;
mod recover;
mod report;

pub use foresee::{Foreseen, foresee};
pub use handler::{Deps, handle, invoke, run};
pub use outcome::Outcome;
pub use recover::{CLAIM_TIMEOUT, recover};
