//! Where journeys and timers are kept.

use event::{Key, MINUTE, PortError};
pub use person::Stored;

/// When somebody's journeys want to be looked at: in or after this minute since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timer {
    pub minute: u32,
    pub person: Key,
}

impl Timer {
    /// The first whole minute that is not before a time in ms.
    pub fn minute_of(at: i64) -> u32 {
        (at + MINUTE - 1).div_euclid(MINUTE).clamp(0, i64::from(u32::MAX)) as u32
    }
}

/// One person's new journeys, written on the condition that nobody else wrote since they were loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JourneyWrite {
    pub person: Key,
    /// The version loaded; 0 for somebody without journeys.
    pub version: u64,
    /// The stored form; empty deletes.
    pub blob: Vec<u8>,
    /// A timer to set in the same step.
    pub timer: Option<u32>,
}

/// Journeys by person.
#[allow(async_fn_in_trait)]
pub trait JourneyStore {
    /// The stored journeys of these people, in their order.
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError>;
    /// Writes each on its condition, with its timer; the people whose condition failed come back.
    async fn write(&self, writes: Vec<JourneyWrite>) -> Result<Vec<Key>, PortError>;
}

/// What was sent to people and counts against their caps, for who learns that two of them are one.
#[allow(async_fn_in_trait)]
pub trait SendsStore {
    /// Of each pair the first was merged into the second: what was sent to either counts for both from now on. Joining
    /// them again changes nothing.
    async fn join_sends(&self, merges: &[(Key, Key)]) -> Result<(), PortError>;
}

/// Timers by minute. One that is set twice is one.
#[allow(async_fn_in_trait)]
pub trait TimerStore {
    /// Timers of minutes up to `minute`, oldest first, at most `limit`.
    async fn due(&self, minute: u32, limit: usize) -> Result<Vec<Timer>, PortError>;
    /// Removes timers; one that is gone already is no error.
    async fn remove(&self, timers: &[Timer]) -> Result<(), PortError>;
}

/// The queue from fire-timers to evaluate-triggers.
#[allow(async_fn_in_trait)]
pub trait DueQueue {
    /// Puts people whose journeys want to be looked at; twice is harmless.
    async fn put(&self, people: &[Key]) -> Result<(), PortError>;
}
