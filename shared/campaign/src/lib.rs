//! Campaigns: files, conditions, journeys, limits and messages.
mod action;
mod channel;
mod ledger;
mod limits;
mod message;
mod plain_text;
mod quiet_hours;
mod reason;
mod template;
pub use action::{Action, ActionQueue, Lane};
pub use channel::{Channel, Outgoing, Receipt, SendError, Sender};
pub use ledger::{Claim, Claimed, Holding, Ledger, LedgerEntry, LedgerState, Settlement};
pub use limits::{CapCounts, Caps, Decision, Limits, Share, Situation, decide};
pub use message::{ChannelKind, Message, MessageContext, Rendered};
pub use quiet_hours::{Otherwise, QuietHours, local_day, time_zone};
pub use reason::Reason;
pub use template::{TemplateError, Templates};
