//! Sealing: how raw personal data lies at rest, in the vault and in the quarantine, on one machine and on AWS.
//!
//! One format holds everywhere: the key's id, a random nonce, and the value under XChaCha20-Poly1305, bound to the
//! [`Place`] it belongs to, so that nobody who can write into a store can move a value to another person. On one machine
//! the keys are a [`Keyring`] in a file; on AWS each value carries the data key it is sealed under, wrapped by a key that
//! only the key service has ([`DataKey`]). Knows no store, no file and no service.

mod data_key;
mod format;
mod keyring;
mod place;
mod record;
mod sealer;

pub use data_key::DataKey;
pub use format::{is_sealed, wrapped_key};
pub use keyring::{Keyring, KeyringError};
pub use place::Place;
pub use record::{decode_record, encode_record};
pub use sealer::Sealer;
