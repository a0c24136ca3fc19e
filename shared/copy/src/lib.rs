//! Copy that a model writes, and a person approves.
//!
//! A [`CopyBrief`] says what a message is to be; its [`Prompt`] goes to a [`CopyWriter`], which is a port; what comes back
//! is held to the brief ([`check`]) and becomes [`Draft`]s, files that nothing sends. A person approves one, which makes a
//! template of it, and [`Approvals`] keeps who did and of which bytes.
//!
//! What a prompt is made of is configuration. The crate is pure: it knows no clock, environment, storage or cloud.

mod answer;
mod approvals;
mod ask;
mod brief;
mod check;
mod draft;
mod prompt;
mod sample;
mod text_message;
mod wording;
mod writer;

pub use approvals::{Approval, Approvals, sha256};
pub use ask::{Asked, ask};
pub use brief::{Circumstances, CopyBrief, Language, MAX_VARIANTS, Present};
pub use check::check;
pub use draft::{Call, Draft, DraftError, Rejected, file_name};
pub use prompt::{LEFT_OUT, Prompt};
pub use text_message::parts;
pub use wording::Wording;
pub use writer::{CopyError, CopyWriter, Stop, Tokens, Written};
