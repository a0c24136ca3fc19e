//! Profiles that processes share for a short while, in Valkey or Redis.
//!
//! It spares reads of the store, and is no place that anything depends on: [`Valkey`] asks it for a few milliseconds and
//! no longer, and leaves it alone for a while when it did not answer. What it holds goes by itself after some seconds, and
//! is sealed under a key of the deployment ([`SealedProfiles`]): who can read the server learns nothing of anybody, and what
//! was not written here is not taken.

mod connection;
mod sealed;

pub use connection::Valkey;
pub use sealed::SealedProfiles;
