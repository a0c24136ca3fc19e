#![doc = include_str!("../README.md")]

mod answer;
mod body;
mod handler;
mod http;
mod intake;
mod route;
mod write_keys;

pub use body::MAX_SENT;
pub use handler::{handle, invoke, not_ready};
pub use http::{Request, Response};
pub use intake::{Deps, run};
pub use write_keys::WriteKeys;
