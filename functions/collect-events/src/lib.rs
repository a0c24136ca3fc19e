#![doc = include_str!("../README.md")]

mod answer;
mod body;
mod given_keys;
mod handler;
mod http;
mod intake;
mod lz_string;
mod parameters;
mod question;
mod rate_limit;
mod records;
mod route;
mod unsubscribe;
mod webhooks;
mod write_keys;

pub use body::MAX_SENT;
pub use handler::{handle, invoke, not_ready};
pub use http::Response;
pub use intake::{Deps, run};
pub use lambda::Request;
pub use rate_limit::RateLimits;
pub use webhooks::Webhooks;
pub use write_keys::WriteKeys;
