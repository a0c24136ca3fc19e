//! What providers tell of messages, as events: delivered, bounced, complained, opened, clicked.
//!
//! Amazon SES tells it as JSON, bare, in an SNS notification or in an event of EventBridge ([`Notice::read`]). Whose message
//! it was is in the token that went out with it; what comes without one of ours is about other mail, or made up, and is
//! left alone. Opens and clicks by programs are marked ([`Machine`]).

mod machine;
mod notice;
mod ses;

pub use machine::{Machine, mark_bursts};
pub use notice::{Ignored, Notice, Told};
