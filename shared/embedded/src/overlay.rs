//! What the hot tables will hold after the next commit, and rows that were written lately.

use crate::store::{IDENTITIES, IDENTITY_LOG, JOURNEYS, PROFILES, TIMERS};
use campaign::Timer;
use event::{Identifier, Key};
use foldhash::HashMap;
use person::Owner;
use redb::{ReadableTable, TableHandle, WriteTransaction};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows are kept after a commit, to be read again, as long as the profiles among them take no more than this, where
/// nothing else is said.
const KEPT_BYTES: usize = 64 << 20;

/// What a row takes beside its blob, about.
const ROW_BYTES: usize = 64;

/// A row; an empty blob deletes it.
#[derive(Clone)]
pub(crate) struct Row {
    pub version: u64,
    pub blob: Arc<[u8]>,
    /// Whether the table does not hold it yet.
    pub dirty: bool,
}

impl Row {
    fn bytes(&self) -> usize {
        self.blob.len() + ROW_BYTES
    }
}

#[derive(Default)]
pub(crate) struct Overlay {
    pub profiles: HashMap<Key, Row>,
    pub journeys: HashMap<Key, Row>,
    pub identities: HashMap<Identifier, Owner>,
    /// Entries of identity logs, in their stored form, to be appended.
    pub log: HashMap<Key, Vec<u8>>,
    pub timers: BTreeSet<Timer>,
    pub removed_timers: BTreeSet<Timer>,
    /// People whose journeys are to be looked at; a queue that never outlives the batch.
    pub due: Vec<Key>,
    /// How many profile rows went into the table so far.
    pub written: u64,
    /// Whether tables hold rows of an earlier flush.
    pub flushed: bool,
    dirty_rows: usize,
    dirty_bytes: usize,
    bytes: usize,
    /// How many bytes of rows are kept after a commit; the usual number where nothing is said.
    kept: Option<usize>,
}

impl Overlay {
    pub fn is_dirty(&self) -> bool {
        self.dirty_rows > 0
            || !(self.identities.is_empty()
                && self.log.is_empty()
                && self.timers.is_empty()
                && self.removed_timers.is_empty())
    }

    /// Bytes of the profiles that the table does not hold yet, about.
    pub fn dirty_bytes(&self) -> usize {
        self.dirty_bytes
    }

    /// Keeps no more than so many bytes of rows after a commit.
    pub fn keep(&mut self, bytes: usize) {
        self.kept = Some(bytes);
    }

    pub fn put_profile(&mut self, person: Key, version: u64, blob: Arc<[u8]>) {
        let row = Row { version, blob, dirty: true };
        self.bytes += row.bytes();
        self.dirty_bytes += row.bytes();
        self.dirty_rows += 1;
        if let Some(old) = self.profiles.insert(person, row) {
            self.bytes -= old.bytes();
            if old.dirty {
                self.dirty_bytes -= old.bytes();
                self.dirty_rows -= 1;
            }
        }
    }

    pub fn put_journeys(&mut self, person: Key, version: u64, blob: &[u8]) {
        let row = Row { version, blob: blob.into(), dirty: true };
        let was_dirty = self.journeys.insert(person, row).is_some_and(|old| old.dirty);
        self.dirty_rows += usize::from(!was_dirty);
    }

    /// Forgets what it keeps of a person's profile: the table is to be read again.
    pub fn forget_profile(&mut self, person: Key) {
        if let Some(row) = self.profiles.remove(&person) {
            self.bytes -= row.bytes();
        }
    }

    /// Forgets the rows of people, which the tables no longer hold either.
    pub fn forget(&mut self, people: &[Key]) {
        for person in people {
            self.forget_profile(*person);
            self.journeys.remove(person);
            self.log.remove(person);
        }
    }

    /// Sets a timer; one that the table holds and that was to be removed just stays.
    pub fn set_timer(&mut self, timer: Timer) {
        if !self.removed_timers.remove(&timer) {
            self.timers.insert(timer);
        }
    }

    /// Removes a timer; one that was set since the last flush never gets into the table.
    pub fn remove_timer(&mut self, timer: Timer) {
        if !self.timers.remove(&timer) && self.flushed {
            self.removed_timers.insert(timer);
        }
    }

    /// Writes what the tables do not hold yet into them, in key order, and forgets the rows if they became too many.
    pub fn flush(&mut self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        for (definition, rows) in [(PROFILES, &mut self.profiles), (JOURNEYS, &mut self.journeys)] {
            let mut table = transaction.open_table(definition)?;
            let mut bytes = Vec::new();
            let mut dirty: Vec<_> = rows.iter_mut().filter(|(_, row)| row.dirty).collect();
            dirty.sort_unstable_by_key(|(person, _)| **person);
            if definition.name() == PROFILES.name() {
                self.written += dirty.len() as u64;
            }
            for (person, row) in dirty {
                row.dirty = false;
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
            let mut table = transaction.open_table(IDENTITY_LOG)?;
            for (person, entries) in sorted(&self.log) {
                let mut row = table.get(&person.0)?.map(|row| row.value().to_vec()).unwrap_or_default();
                row.extend_from_slice(entries);
                table.insert(&person.0, row.as_slice())?;
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
        self.identities.clear();
        self.log.clear();
        self.timers.clear();
        self.removed_timers.clear();
        self.flushed = true;
        (self.dirty_rows, self.dirty_bytes) = (0, 0);
        if self.bytes > self.kept.unwrap_or(KEPT_BYTES) {
            (self.profiles, self.journeys, self.bytes) = (HashMap::default(), HashMap::default(), 0);
        }
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

pub(crate) fn identity_key_of(owner: Owner) -> [u8; 17] {
    identity_key(Identifier { kind: owner.kind, key: owner.person })
}

fn sorted<K: Ord, V>(map: &HashMap<K, V>) -> Vec<(&K, &V)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
    entries
}
