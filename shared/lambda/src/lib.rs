#![doc = include_str!("../README.md")]

mod batch;
mod consume;
mod environment;
mod failure;
mod invocation;
#[cfg(feature = "runtime")]
mod runtime;
pub mod variables;

pub use batch::{Batch, Record, messages};
pub use consume::consume;
pub use environment::{Either, Environment, EnvironmentError, Variable};
pub use failure::Failure;
pub use invocation::{Invocation, InvocationError, Source, answer};
#[cfg(feature = "runtime")]
pub use runtime::{Function, start};
