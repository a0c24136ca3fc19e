//! What the hot tables will hold after the next commit.

use crate::store::{IDENTITIES, JOURNEYS, PROFILES, TIMERS};
use campaign::Timer;
use event::{Identifier, Key};
use foldhash::HashMap;
use person::Owner;
use redb::WriteTransaction;
use std::collections::BTreeSet;

/// A stored row: version (8 bytes, little-endian) and blob; empty for a deleted one.
pub(crate) type Row = Box<[u8]>;

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

    pub fn put_profile(&mut self, person: Key, version: u64, blob: &[u8]) {
        self.bytes += blob.len() + 64;
        let old = self.profiles.insert(person, row(version, blob));
        self.bytes -= old.map_or(0, |old| old.len() + 56);
    }

    pub fn put_journeys(&mut self, person: Key, version: u64, blob: &[u8]) {
        let row = if blob.is_empty() { Row::default() } else { row(version, blob) };
        self.journeys.insert(person, row);
    }

    /// Writes everything into the tables, in key order, and empties itself.
    pub fn flush(&mut self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        {
            let mut table = transaction.open_table(PROFILES)?;
            for (person, row) in sorted(&self.profiles) {
                table.insert(&person.0, &row[..])?;
            }
        }
        {
            let mut table = transaction.open_table(JOURNEYS)?;
            for (person, row) in sorted(&self.journeys) {
                if row.is_empty() {
                    table.remove(&person.0)?;
                } else {
                    table.insert(&person.0, &row[..])?;
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

fn row(version: u64, blob: &[u8]) -> Row {
    let mut row = Vec::with_capacity(8 + blob.len());
    row.extend_from_slice(&version.to_le_bytes());
    row.extend_from_slice(blob);
    row.into_boxed_slice()
}

fn sorted<K: Ord, V>(map: &HashMap<K, V>) -> Vec<(&K, &V)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
    entries
}

