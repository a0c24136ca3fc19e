#![doc = include_str!("../README.md")]

mod handler;
mod people;
mod run;

pub use handler::handle;
pub use run::{Deps, Outcome, run};
