//! One way through one campaign, and the events that journeys remember.

use crate::campaign::Role;
use event::wire::{Damaged, Reader, put_bytes, put_signed, put_varint};

/// One way through one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// What it is keyed by; empty where the campaign has no key.
    pub key: String,
    /// When its entry event happened, UTC ms.
    pub entered_at: i64,
    /// The hash of the entry event's message id.
    pub entry: u64,
    /// The index of the step to take next, when it was reached, and when it is due, UTC ms.
    pub step: u32,
    pub since: i64,
    pub due_at: i64,
    /// What makes it due.
    pub by: By,
    /// Another journey of the same key is under way, and this one counts only if that one turns out to have been
    /// ended before this one began.
    pub waiting: bool,
    /// What the campaign keeps of the entry event, JSON text.
    pub kept: String,
}

/// What makes a step due. At a step that waits for an event, several things may happen, and arrive in any order: the
/// first of them by its own time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum By {
    /// The end of a wait.
    #[default]
    Time = 0,
    /// The event that it waited for.
    Event = 1,
    /// Something that ends the journey.
    Exit = 2,
    /// The campaign's goal.
    Goal = 3,
}

/// An event that fulfilled a rule: its time, and the key of the journeys it means; every journey's where there is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub at: i64,
    pub rule: u64,
    pub key: Option<String>,
}

/// What an event means to the journeys of one campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning<'m> {
    pub at: i64,
    pub role: Role,
    pub key: Option<&'m str>,
}

/// An entry that something was sent for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Past {
    pub entered_at: i64,
    pub key: String,
}

impl By {
    fn from_code(code: u8) -> Option<By> {
        [By::Time, By::Event, By::Exit, By::Goal].into_iter().find(|by| *by as u8 == code)
    }
}

impl Journey {
    /// In place of a step, of journeys that wait behind another, in what was stored before such steps were kept.
    const WAITING: u32 = u32::MAX;

    /// Added to the step of a journey that waits behind another.
    const BEHIND: u32 = 1 << 31;

    /// What journeys of a campaign are sorted by, and what tells them apart.
    pub(crate) fn order(&self) -> (i64, u64, &str) {
        (self.entered_at, self.entry, &self.key)
    }
}

impl Meaning<'_> {
    fn means(&self, journey: &Journey) -> bool {
        self.key.is_none_or(|key| *key == journey.key)
    }

    /// Whether it ends a journey while it waits: it happened between its entry and the due time.
    pub fn ends(&self, journey: &Journey) -> bool {
        !matches!(self.role, Role::Awaited(_))
            && (journey.entered_at..=journey.due_at).contains(&self.at)
            && self.means(journey)
    }

    /// Whether it is what a journey waits for, at the step of that awaited event.
    pub fn is_awaited(&self, journey: &Journey, awaited: usize) -> bool {
        self.role == Role::Awaited(awaited) && self.at > journey.since && self.means(journey)
    }

    pub fn is_goal(&self) -> bool {
        self.role == Role::Goal
    }

    /// What an end of this meaning makes due.
    pub fn by(&self) -> By {
        if self.is_goal() { By::Goal } else { By::Exit }
    }
}

impl Journey {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_signed(out, self.entered_at);
        put_signed(out, self.due_at - self.entered_at);
        out.extend_from_slice(&self.entry.to_le_bytes());
        put_varint(out, u64::from(if self.waiting { self.step | Self::BEHIND } else { self.step }));
        put_bytes(out, self.key.as_bytes());
        put_bytes(out, self.kept.as_bytes());
        if (self.since, self.by) != (self.due_at, By::Time) {
            put_signed(out, self.due_at - self.since);
            out.push(self.by as u8);
        }
    }

    pub(crate) fn decode(mut field: Reader<'_>) -> Result<Journey, Damaged> {
        let entered_at = field.signed()?;
        let due_at = entered_at.wrapping_add(field.signed()?);
        let entry = u64::from_le_bytes(field.array()?);
        let step = field.varint()? as u32;
        let (key, kept) = (field.text()?.to_owned(), field.text()?.to_owned());
        let (since, by) = if field.is_empty() {
            (due_at, By::Time)
        } else {
            (due_at.wrapping_sub(field.signed()?), By::from_code(field.byte()?).ok_or(Damaged)?)
        };
        // The first step, as far as can be told: the one to stand at is looked for when its turn comes.
        let (step, waiting) =
            if step == Self::WAITING { (0, true) } else { (step & !Self::BEHIND, step >= Self::BEHIND) };
        Ok(Journey { key, entered_at, entry, step, since, due_at, by, waiting, kept })
    }
}
