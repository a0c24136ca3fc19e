//! How items are read.

use crate::batch_get::Consistency;
use crate::item::Item;
use event::Key;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the reads of a table go by.
pub(super) struct Reads(Option<Mutex<Writer>>);

/// A writer between two of its writes.
struct Writer {
    consistency: Consistency,
    /// What was read for its owners, and is about to be asked for again; nothing where there was no item.
    kept: HashMap<Key, Option<Item>>,
}

impl Reads {
    /// Every read sees all writes before it.
    pub fn strong() -> Reads {
        Reads(None)
    }

    /// Reads may lag until a write's condition fails.
    pub fn of_writer() -> Reads {
        let writer = Writer { consistency: Consistency::Eventual, kept: HashMap::new() };
        Reads(Some(Mutex::new(writer)))
    }

    pub fn consistency(&self) -> Consistency {
        self.writer().map_or(Consistency::Strong, |writer| writer.consistency)
    }

    /// Keeps what was read, in place of what was kept before.
    pub fn keep(&self, items: HashMap<Key, Option<Item>>) {
        if let Some(mut writer) = self.writer() {
            writer.kept = items;
        }
    }

    /// What is kept of these; each is given once.
    pub fn take(&self, keys: &[Key]) -> HashMap<Key, Option<Item>> {
        let Some(mut writer) = self.writer() else { return HashMap::new() };
        keys.iter().filter_map(|key| Some((*key, writer.kept.remove(key)?))).collect()
    }

    /// After a write: what was kept is out of date, and where a condition failed the next reads have to see why.
    pub fn written(&self, all: bool) {
        if let Some(mut writer) = self.writer() {
            writer.kept.clear();
            writer.consistency = if all { Consistency::Eventual } else { Consistency::Strong };
        }
    }

    fn writer(&self) -> Option<MutexGuard<'_, Writer>> {
        // What is in there is always whole.
        self.0.as_ref().map(|writer| writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
