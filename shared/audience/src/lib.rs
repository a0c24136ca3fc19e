//! Lists of people as advertising platforms match them: hashed, and as what changed since the last list.
//!
//! What is written is SHA-256 of normalised contact data, as both platforms ask. It can be tried out by whoever has a list
//! of addresses, so that it is personal data still: the caller keeps it no longer than it takes to upload it.

mod list;
mod platform;

pub use list::{Change, Exported};
pub use platform::{Contact, Platform};
