//! Campaigns: files, conditions, journeys, limits and messages.
mod action;
pub use action::{Action, ActionQueue, Lane};
