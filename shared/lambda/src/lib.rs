#![doc = include_str!("../README.md")]

mod batch;
mod consume;
mod environment;
mod failure;
mod function_url;
mod invocation;
mod request;
#[cfg(feature = "runtime")]
mod runtime;
pub mod variables;

pub use batch::{Batch, Record, messages};
pub use consume::consume;
pub use environment::{Either, Environment, EnvironmentError, Variable};
pub use failure::Failure;
pub use function_url::{UrlRequest, url_answer};
pub use invocation::{Invocation, InvocationError, Source, answer};
pub use request::Request;
#[cfg(feature = "runtime")]
pub use runtime::{Function, start};
