//! What the hot tables will hold after the next commit.

use crate::store::{IDENTITIES, JOURNEYS, PROFILES, TIMERS};
use campaign::Timer;
use event::{Identifier, Key};
use foldhash::HashMap;
use person::Owner;
use redb::WriteTransaction;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A row to come; an empty blob deletes it.
#[derive(Clone)]
pub(crate) struct Row {
    pub version: u64,
    pub blob: Arc<[u8]>,
}

#[derive(Default)]
pub(crate) struct Overlay {
    pub profiles: HashMap<Key, Row>,
    pub journeys: HashMap<Key, Row>,
    pub identities: HashMap<Identifier, Owner>,
    pub timers: BTreeSet<Timer>,
    pub removed_timers: BTreeSet<Timer>,
    /// People whose journeys are to be looked at; a queue that never outlives the batch.
    pub due: Vec<Key>,
    /// How many profile rows went into the table so far.
    pub written: u64,
    bytes: usize,
}

impl Overlay {
    pub fn is_dirty(&self) -> bool {
        !(self.profiles.is_empty()
            && self.journeys.is_empty()
            && self.identities.is_empty()
            && self.timers.is_empty()
            && self.removed_timers.is_empty())
    }

    pub fn dirty_bytes(&self) -> usize {
        self.bytes
    }

    pub fn put_profile(&mut self, person: Key, version: u64, blob: Arc<[u8]>) {
        self.bytes += blob.len() + 64;
        let old = self.profiles.insert(person, Row { version, blob });
        self.bytes -= old.map_or(0, |old| old.blob.len() + 64);
    }

    pub fn put_journeys(&mut self, person: Key, version: u64, blob: &[u8]) {
        self.journeys.insert(person, Row { version, blob: blob.into() });
    }

    /// Writes everything into the tables, in key order, and empties itself.
    pub fn flush(&mut self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        for (definition, rows) in [(PROFILES, &self.profiles), (JOURNEYS, &self.journeys)] {
            let mut table = transaction.open_table(definition)?;
            let mut bytes = Vec::new();
            for (person, row) in sorted(rows) {
                if row.blob.is_empty() {
                    table.remove(&person.0)?;
                } else {
                    bytes.clear();
                    bytes.extend_from_slice(&row.version.to_le_bytes());
                    bytes.extend_from_slice(&row.blob);
                    table.insert(&person.0, bytes.as_slice())?;
                }
            }
        }
        {
            let mut table = transaction.open_table(IDENTITIES)?;
            for (identifier, owner) in sorted(&self.identities) {
                table.insert(&identity_key(*identifier), &identity_key_of(*owner))?;
            }
        }
        {
            let mut table = transaction.open_table(TIMERS)?;
            for timer in &self.removed_timers {
                table.remove(&timer_key(*timer))?;
            }
            for timer in &self.timers {
                table.insert(&timer_key(*timer), ())?;
            }
        }
        // The maps keep no memory: the next batch may be smaller.
        let written = self.written + self.profiles.len() as u64;
        *self = Overlay { due: std::mem::take(&mut self.due), written, ..Overlay::default() };
        Ok(())
    }
}

/// A row of a table as version and blob.
pub(crate) fn split(row: &[u8]) -> Option<(u64, &[u8])> {
    let (version, blob) = row.split_first_chunk()?;
    Some((u64::from_le_bytes(*version), blob))
}

pub(crate) fn identity_key(identifier: Identifier) -> [u8; 17] {
    let mut key = [0; 17];
    key[0] = identifier.kind as u8;
    key[1..].copy_from_slice(&identifier.key.0);
    key
}

pub(crate) fn timer_key(timer: Timer) -> [u8; 20] {
    let mut key = [0; 20];
    key[..4].copy_from_slice(&timer.minute.to_be_bytes());
    key[4..].copy_from_slice(&timer.person.0);
    key
}

pub(crate) fn timer_of(key: &[u8; 20]) -> Timer {
    let (minute, person) = key.split_at(4);
    Timer {
        minute: u32::from_be_bytes(minute.try_into().expect("four bytes")),
        person: Key(person.try_into().expect("sixteen bytes")),
    }
}

fn identity_key_of(owner: Owner) -> [u8; 17] {
    identity_key(Identifier { kind: owner.kind, key: owner.person })
}

fn sorted<K: Ord, V>(map: &HashMap<K, V>) -> Vec<(&K, &V)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
    entries
}
