#![doc = include_str!("../README.md")]

mod handler;
mod people;
mod run;

pub use handler::{handle, invoke};
pub use run::{Deps, Outcome, run};
