//! Tests across functions: stories, the promises of the ports, and that profiles equal a replay of the lake.
//!
//! The library is what they share: an endpoint on this machine that stands in for AWS.

mod endpoint;
mod environment;

pub use endpoint::{Endpoint, fresh_name};
pub use environment::{python, target};
