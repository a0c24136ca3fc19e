//! The channel that posts messages to a web address, wherever the function runs.

mod address;
mod guard;
mod robot;
mod signature;
mod webhook;

pub use webhook::Webhook;
