#![doc = include_str!("../README.md")]

mod archiver;
mod handler;

pub use archiver::{Archived, Archiver, BusRecord, Settings, run};
pub use handler::{Arrivals, Deps, handle, invoke};
