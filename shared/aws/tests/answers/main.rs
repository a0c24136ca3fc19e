//! What adapters make of answers that a healthy endpoint does not give. The endpoint here follows a script.

#[cfg(feature = "bedrock")]
mod bedrock;
mod broken_bodies;
mod email;
mod partial_failures;
mod providers;
mod server;
