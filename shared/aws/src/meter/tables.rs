//! What the meter knows of the items in tables: a write is billed by the larger of the old item and the new.

use super::Usage;
use super::item_size::{Item, item_bytes, write_units};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// The items that were written or read so far, by table and key.
#[derive(Debug, Default)]
pub(super) struct Tables {
    tables: HashMap<String, Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// The names of the key's attributes, in order; learnt from the calls that name a key. Until then the items
    /// that are put are taken for new ones.
    key: Vec<String>,
    /// Attributes by which items are in a sparse index.
    indexes: Vec<String>,
    items: HashMap<Vec<u8>, Known>,
}

/// What is known of an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    pub(super) bytes: u64,
    /// The indexes that it is in.
    indexed: Vec<usize>,
}

/// One write, and what it does to the item.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) table: String,
    key: Option<Vec<u8>>,
    /// The item afterwards; `None` where it goes.
    after: Option<Known>,
    /// Write units of the table and of its indexes, once.
    pub(super) units: u64,
    pub(super) bytes: u64,
}

impl Tables {
    /// Declares a sparse index.
    pub(super) fn index(&mut self, table: &str, attribute: &str) {
        self.table(table).indexes.push(attribute.to_owned());
    }

    /// The items that are known of a table, and their bytes.
    pub(super) fn held(&self, table: &str) -> Usage {
        let items = self.tables.get(table).into_iter().flat_map(|table| table.items.values());
        items.fold(Usage::default(), |mut usage, known| {
            usage.items += 1;
            usage.bytes += known.bytes;
            usage
        })
    }

    /// An item put in place of what is there.
    pub(super) fn put(&mut self, table: &str, item: &Item) -> Write {
        let entry = self.table(table);
        let after = entry.known(item);
        let key = entry.key_of(item);
        entry.write(table, key, Some(after))
    }

    /// An item deleted by its key.
    pub(super) fn delete(&mut self, table: &str, key: &Item) -> Write {
        let entry = self.named(table, key);
        let key = entry.key_of(key);
        entry.write(table, key, None)
    }

    /// An item updated in place. Its size afterwards is taken to be that of its key, and of the values and names
    /// of the expression, or its size before where that is larger.
    pub(super) fn update(
        &mut self,
        table: &str,
        key: &Item,
        names: Option<&HashMap<String, String>>,
        values: Option<&Item>,
    ) -> Write {
        let entry = self.named(table, key);
        let names: u64 = names.into_iter().flatten().map(|(_, name)| name.len() as u64).sum();
        let values: u64 =
            values.into_iter().flatten().map(|(_, value)| super::item_size::value_bytes(value)).sum();
        let before = entry.before(key);
        let bytes = (item_bytes(key) + names + values).max(before.bytes);
        let after = Known { bytes, indexed: before.indexed };
        let key = entry.key_of(key);
        entry.write(table, key, Some(after))
    }

    /// A condition on an item that stays as it is.
    pub(super) fn check(&mut self, table: &str, key: &Item) -> Write {
        let entry = self.named(table, key);
        let before = entry.before(key);
        let key = entry.key_of(key);
        let units = write_units(before.bytes);
        Write { table: table.to_owned(), key, bytes: before.bytes, after: Some(before), units }
    }

    /// Remembers what a write did.
    pub(super) fn done(&mut self, write: &Write) {
        let Some(key) = &write.key else { return };
        let entry = self.table(&write.table);
        match &write.after {
            Some(known) => entry.items.insert(key.clone(), known.clone()),
            None => entry.items.remove(key),
        };
    }

    /// Learns the names of a table's key.
    pub(super) fn learn(&mut self, table: &str, key: &Item) {
        self.named(table, key);
    }

    /// The size of an item that was read, whole or in parts.
    pub(super) fn read(&mut self, table: &str, item: &Item) -> u64 {
        let entry = self.table(table);
        let read = entry.known(item);
        let Some(key) = entry.key_of(item) else { return read.bytes };
        let known = entry.items.entry(key).or_default();
        // Only some of its attributes may have been asked for; all of it is paid for.
        if read.bytes > known.bytes {
            *known = read;
        }
        known.bytes
    }

    /// Whether a write is one of those that an answer gives back as not done.
    pub(super) fn is_put_of(&mut self, write: &Write, item: &Item) -> bool {
        write.after.is_some() && self.is_of(write, item)
    }

    /// The same of a deletion.
    pub(super) fn is_delete_of(&mut self, write: &Write, key: &Item) -> bool {
        write.after.is_none() && self.is_of(write, key)
    }

    fn is_of(&mut self, write: &Write, item: &Item) -> bool {
        let entry = self.table(&write.table);
        write.key.is_some() && write.key == entry.key_of(item)
    }

    fn named(&mut self, table: &str, key: &Item) -> &mut Table {
        let entry = self.table(table);
        if entry.key.is_empty() {
            entry.key = key.keys().cloned().collect();
            entry.key.sort_unstable();
        }
        entry
    }

    fn table(&mut self, table: &str) -> &mut Table {
        self.tables.entry(table.to_owned()).or_default()
    }
}

impl Table {
    /// The key's values as bytes.
    fn key_of(&self, item: &Item) -> Option<Vec<u8>> {
        let mut key = Vec::with_capacity(32);
        for name in &self.key {
            let bytes = match item.get(name)? {
                AttributeValue::B(blob) => blob.as_ref(),
                AttributeValue::S(text) | AttributeValue::N(text) => text.as_bytes(),
                _ => return None,
            };
            key.extend((bytes.len() as u32).to_le_bytes());
            key.extend(bytes);
        }
        (!key.is_empty()).then_some(key)
    }

    fn known(&self, item: &Item) -> Known {
        let is_in = |(at, attribute): (usize, &String)| item.contains_key(attribute).then_some(at);
        Known {
            bytes: item_bytes(item),
            indexed: self.indexes.iter().enumerate().filter_map(is_in).collect(),
        }
    }

    fn before(&self, item: &Item) -> Known {
        self.key_of(item).and_then(|key| self.items.get(&key)).cloned().unwrap_or_default()
    }

    fn write(&self, table: &str, key: Option<Vec<u8>>, after: Option<Known>) -> Write {
        let before = key.as_ref().and_then(|key| self.items.get(key)).cloned().unwrap_or_default();
        let new = after.clone().unwrap_or_default();
        let bytes = new.bytes.max(before.bytes);
        let indexes =
            (0..self.indexes.len()).filter(|at| before.indexed.contains(at) || new.indexed.contains(at));
        let units = write_units(bytes) * (1 + indexes.count() as u64);
        Write { table: table.to_owned(), key, after, units, bytes }
    }
}
