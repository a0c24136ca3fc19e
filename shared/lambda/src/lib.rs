#![doc = include_str!("../README.md")]

mod batch;
mod consume;

pub use batch::{Batch, Record, messages};
pub use consume::consume;
