//! The channel that posts messages to a web address, wherever the function runs.

mod webhook;

pub use webhook::Webhook;
