//! Campaigns: files, conditions, journeys, limits and messages.
//!
//! A campaign is one YAML file ([`Campaign::parse`]); the live ones are indexed by the events they want
//! ([`Campaigns`]). A person's [`Journeys`] advance by their events and timers and yield [`Action`]s, which
//! [`decide`] admits, holds or refuses, and a [`Message`] renders.
//!
//! The crate is pure: it knows no clock, environment, storage or cloud.

mod action;
mod bandit;
mod calendar;
mod campaign;
mod caps;
mod channel;
mod condition;
mod creative;
mod creative_store;
mod delivery;
mod duration;
mod eml;
mod engine;
mod entry;
mod erasure;
mod experiment;
mod expression;
mod file;
mod file_error;
mod holding;
mod journey;
mod journeys;
mod ledger;
mod limits;
mod message;
mod on_site;
pub mod placement;
mod plain_text;
mod port;
mod quiet_hours;
mod reason;
mod reentry;
mod rules;
mod schedule;
mod scope;
mod selection;
mod sends;
mod split;
mod steps;
mod suggest;
mod take;
mod template;
mod throttle;
mod utm;
mod webhook_settings;

pub use action::{Action, ActionKind, ActionQueue, Lane};
pub use bandit::{Bandit, Choice, Design, Model, Reward, Shown, Slot, Trial, trial};
pub use calendar::{LocalTime, ProfileDate, date_of};
pub use campaign::{Campaign, Campaigns, Listen};
pub use caps::{Cap, CapSettings, Caps, Rolling};
pub use channel::{Channel, Outgoing, Receipt, SendError, Sender};
pub use condition::{Condition, ConditionError};
pub use creative::{Chosen, Creative, CreativeSlot, Creatives, Part};
pub use creative_store::CreativeStore;
pub use delivery::DeliverySettings;
pub use duration::parse_duration;
pub use engine::Moment;
pub use entry::{Entry, EventTrigger, Existing, Reentry, SegmentTrigger, Trigger};
pub use erasure::{CampaignErasure, CampaignsErased, NoCopies, SentCopies, SentCopy};
pub use experiment::{Assignment, BucketRange, Experiment, HashVersion, Namespace, bucket_ranges, choose};
pub use file_error::FileError;
pub use holding::{Held, HeldStore, Holding};
pub use journey::{By, Journey};
pub use journeys::{InCampaign, Journeys};
pub use ledger::{Claim, Claimed, Ledger, LedgerEntry, LedgerState, Settlement};
pub use limits::{Decision, Limits, Share, Situation, decide};
pub use message::{ChannelKind, Message, MessageContext, Rendered};
pub use on_site::{OnSite, OnSiteMessage};
pub use placement::{Placement, Placements};
pub use port::{DueQueue, JourneyStore, JourneyWrite, SendsStore, Stored, Timer, TimerStore};
pub use quiet_hours::{Otherwise, QuietHours, local_day, time_zone};
pub use reason::Reason;
pub use schedule::{DateProperty, Inactivity, Schedule};
pub use scope::{ProfileView, Scope};
pub use selection::{RunStore, Span, StartQueue, Starts, StartsAt};
pub use sends::Sends;
pub use split::{Arm, Split};
pub use steps::{ExperimentStep, Step, WaitForEvent};
pub use template::{TemplateError, Templates};
pub use throttle::{Throttle, Throttled, Waiting};
pub use utm::{LinkMarks, Utm};
pub use webhook_settings::{WebhookForm, WebhookSecrets, WebhookSettings};
