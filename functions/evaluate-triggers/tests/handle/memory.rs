//! Journeys, actions and a quarantine in memory, which fail as they are told.

use crate::samples::T0;
use campaign::{
    Action, ActionQueue, Campaign, Campaigns, JourneyStore, JourneyWrite, Journeys, SendsStore, Stored,
    Templates,
};
use evaluate_triggers::Deps;
use event::{Key, MINUTE, PortError, Quarantine, Quarantined};
use jiff::tz::TimeZone;
use person::{ProfileStore, ProfileWrite};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// Viewed and not bought within an hour: a coupon.
const COUPON: &str = "
name: coupon
entry:
  event: Product Viewed
  key: event.properties.product_id
  keep: [price]
exit_on:
  - event: Order Completed
    key: event.product_ids
steps:
  - wait: 1h
  - send: coupon
    template: t.txt
";

#[derive(Default)]
pub struct Memory {
    pub journeys: RefCell<BTreeMap<Key, Stored>>,
    pub profiles: RefCell<BTreeMap<Key, Stored>>,
    pub timers: RefCell<BTreeSet<(u32, Key)>>,
    pub actions: RefCell<BTreeMap<Key, Action>>,
    pub quarantined: RefCell<Vec<Quarantined>>,
    /// Whose messages were joined with whose.
    pub joined: RefCell<Vec<(Key, Key)>>,
    /// How many journey writes were taken.
    pub writes: Cell<u32>,
    /// How many calls from now on fail in passing, by port.
    pub journeys_down: Cell<u32>,
    pub writes_down: Cell<u32>,
    pub sends_down: Cell<u32>,
    pub actions_down: Cell<u32>,
    pub quarantine_down: Cell<u32>,
    /// How often from now on somebody else writes a person first.
    pub conflicts: Cell<u32>,
}

fn take(count: &Cell<u32>) -> bool {
    let left = count.get();
    count.set(left.saturating_sub(1));
    left > 0
}

fn available(down: &Cell<u32>) -> Result<(), PortError> {
    match take(down) {
        true => Err(PortError::Unavailable { what: "the table", reason: "throttled".into() }),
        false => Ok(()),
    }
}

impl JourneyStore for Memory {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        available(&self.journeys_down)?;
        Ok(people.iter().map(|person| self.journeys.borrow().get(person).cloned()).collect())
    }

    async fn write(&self, writes: Vec<JourneyWrite>) -> Result<Vec<Key>, PortError> {
        available(&self.writes_down)?;
        let mut journeys = self.journeys.borrow_mut();
        let mut conflicts = Vec::new();
        for write in writes {
            let version = journeys.get(&write.person).map_or(0, |stored| stored.version);
            if take(&self.conflicts) || version != write.version {
                conflicts.push(write.person);
                continue;
            }
            self.writes.set(self.writes.get() + 1);
            match write.blob.is_empty() {
                true => drop(journeys.remove(&write.person)),
                false => {
                    journeys.insert(write.person, Stored { version: version + 1, blob: write.blob.into() });
                }
            }
            self.timers.borrow_mut().extend(write.timer.map(|minute| (minute, write.person)));
        }
        Ok(conflicts)
    }
}

impl ProfileStore for Memory {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        let profiles = self.profiles.borrow();
        Ok(people.iter().map(|person| profiles.get(person).cloned()).collect())
    }

    async fn write(&self, _: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError> {
        Err(PortError::Failed { what: "the profiles", reason: "evaluate-triggers writes none".to_owned() })
    }
}

impl SendsStore for Memory {
    async fn join_sends(&self, merges: &[(Key, Key)]) -> Result<(), PortError> {
        available(&self.sends_down)?;
        self.joined.borrow_mut().extend_from_slice(merges);
        Ok(())
    }
}

impl ActionQueue for Memory {
    async fn put(&self, actions: &[Action]) -> Result<(), PortError> {
        available(&self.actions_down)?;
        self.actions.borrow_mut().extend(actions.iter().map(|action| (action.id, action.clone())));
        Ok(())
    }
}

impl Quarantine for Memory {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        available(&self.quarantine_down)?;
        self.quarantined.borrow_mut().extend_from_slice(records);
        Ok(())
    }
}

impl Memory {
    pub fn deps<'d>(&'d self, campaigns: &'d Campaigns) -> Deps<'d, Memory, Memory, Memory, Memory> {
        const ZONE: &TimeZone = &TimeZone::UTC;
        Deps {
            journeys: self,
            sends: self,
            actions: self,
            profiles: self,
            campaigns,
            zone: ZONE,
            lateness: MINUTE,
            reading_history: false,
            privacy: None,
        }
    }

    /// The keys that a person's journeys wait for.
    pub fn waiting(&self, person: Key) -> Vec<String> {
        let journeys = self.journeys.borrow();
        let Some(stored) = journeys.get(&person) else { return Vec::new() };
        let journeys = Journeys::decode(&stored.blob).unwrap();
        journeys.campaigns().iter().flat_map(|c| &c.active).map(|journey| journey.key.clone()).collect()
    }

    /// Who gets what, and for which key.
    pub fn queued(&self) -> Vec<(Key, String, String)> {
        let actions = self.actions.borrow();
        let mut queued: Vec<_> =
            actions.values().map(|a| (a.person, a.step.clone(), a.key.clone())).collect();
        queued.sort();
        queued
    }

    /// The minutes of the timers of a person, counted from [`T0`].
    pub fn timers_of(&self, person: Key) -> Vec<i64> {
        let timers = self.timers.borrow();
        timers
            .iter()
            .filter(|(_, key)| *key == person)
            .map(|(minute, _)| i64::from(*minute) - T0 / MINUTE)
            .collect()
    }
}

pub fn campaigns() -> Campaigns {
    let templates = Templates::new([("t.txt".to_owned(), "Hello".to_owned())]).unwrap();
    Campaigns::new(vec![Campaign::parse(COUPON.trim_start(), &templates).unwrap()])
}
