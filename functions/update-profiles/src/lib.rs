#![doc = include_str!("../README.md")]

mod handler;
mod identities;
mod people;
mod run;

pub use handler::{handle, invoke};
pub use run::{Deps, Outcome, run};
