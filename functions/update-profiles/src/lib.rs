#![doc = include_str!("../README.md")]

mod component;
mod handler;
mod identities;
mod people;
mod run;
mod scratch;
mod unmerge;

pub use handler::{handle, invoke};
pub use run::{Deps, Outcome, run};
pub use unmerge::{NotUnmerged, Unmerged, unmerge};
