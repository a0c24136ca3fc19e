//! Tokens that travel with a message and come back: in its unsubscribe link, and in what a provider tells of it.
//!
//! A token says whose message it was, by which channel, and of which campaign. It is sealed under a key of the
//! deployment, so that nobody else can read, make or change one.

mod message_token;
mod token_key;

pub use message_token::MessageToken;
pub use token_key::{TokenError, TokenKey};
