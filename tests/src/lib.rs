//! Tests across functions: stories, the promises of the ports, and that profiles equal a replay of the lake.
//!
//! The library is what they share: an endpoint on this machine that stands in for AWS, and a network before it that
//! fails; a shop with its workload, and what it comes to on one machine.

mod clock;
mod endpoint;
mod environment;
pub mod input;
mod local_api;
mod machine;
pub mod mail;
pub mod proxy;
mod shop;
mod state;
mod stores;
mod workload;

pub use clock::now;
pub use endpoint::{Endpoint, fresh_name};
pub use environment::{python, target};
pub use local_api::{call, other_client};
pub use machine::{Delivered, Machine};
pub use shop::{KEY, config};
pub use state::State;
pub use stores::Stores;
pub use workload::Workload;
