//! What lets a person into a campaign.

use crate::condition::Condition;
use crate::schedule::{DateProperty, Inactivity, Schedule};
use serde::Deserialize;

/// What lets a person in, and how often.
#[derive(Debug)]
pub struct Entry {
    pub trigger: Trigger,
    /// Properties of the entry event that messages may use.
    pub keep: Vec<String>,
    /// An entry whose time is longer ago than this lets nobody in, ms.
    pub max_age: i64,
    pub reentry: Reentry,
    /// Who was sent something enters again with the same key at the earliest this long after that entry, ms;
    /// [`Entry::NEVER`] for not at all.
    pub again_after: Option<i64>,
}

/// What it is that lets in.
#[derive(Debug)]
pub enum Trigger {
    Event(Box<EventTrigger>),
    /// The person's profile comes to fulfil a condition that it did not fulfil before.
    Segment(SegmentTrigger),
    /// The calendar, for everybody in the audience.
    Schedule(Schedule),
    /// A date in the profile.
    Date(DateProperty),
    /// Nothing was heard of the person for a while.
    Inactive(Inactivity),
}

/// An event of a name.
#[derive(Debug)]
pub struct EventTrigger {
    pub event: String,
    pub when: Option<Condition>,
    /// What tells one journey of a person from another.
    pub key: Option<Condition>,
}

/// Coming to belong to a segment.
#[derive(Debug)]
pub struct SegmentTrigger {
    pub when: Condition,
    /// What becomes of those who belong to it when they are first looked at.
    pub existing: Existing,
}

/// Whether who is in a segment already when the campaign first looks at them has entered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Existing {
    /// They enter, at their next event that may change what the condition looks at.
    #[default]
    Enter,
    /// They do not, unless they leave it and come again. That they are in it is remembered of each.
    Skip,
}

/// What a further entry does while a journey of the same key is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reentry {
    /// Nothing: the journey goes on from its first event.
    #[default]
    Ignore,
    /// The journey begins anew.
    Restart,
    /// It begins a journey of its own.
    Each,
}

impl Entry {
    /// The span after which nobody enters again.
    pub const NEVER: i64 = i64::MAX / 4;

    /// The event that lets in, where it is one.
    pub fn event(&self) -> Option<&EventTrigger> {
        if let Trigger::Event(event) = &self.trigger { Some(event.as_ref()) } else { None }
    }

    /// Whether run-campaigns starts its journeys, from a list of people, rather than an event of the person.
    pub fn is_selected(&self) -> bool {
        matches!(self.trigger, Trigger::Schedule(_) | Trigger::Date(_) | Trigger::Inactive(_))
    }
}
