//! How far run-campaigns has come, and the profiles that it reads from end to end.

use crate::overlay::split;
use crate::store::{Bytes, PROFILES, Store};
use campaign::{RunStore, Stored};
use event::{Key, PortError};
use person::ProfileScan;
use redb::{ReadableTable, TableDefinition};
use std::ops::Bound;

/// Name → version (8 bytes, little-endian) and row.
pub(crate) const RUNS: TableDefinition<&str, Bytes> = TableDefinition::new("runs");

impl RunStore for Store {
    async fn load(&self, name: &str) -> Result<Option<Stored>, PortError> {
        self.within(|transaction| {
            let table = transaction.open_table(RUNS)?;
            let row = table.get(name)?;
            let stored = row.as_ref().and_then(|row| split(row.value()));
            Ok(stored.map(|(version, blob)| Stored { version, blob: blob.into() }))
        })
    }

    async fn write(&self, name: &str, version: u64, row: &[u8]) -> Result<bool, PortError> {
        self.within(|transaction| {
            let mut table = transaction.open_table(RUNS)?;
            let stored = table.get(name)?.and_then(|row| split(row.value()).map(|(version, _)| version));
            if stored.unwrap_or(0) != version {
                return Ok(false);
            }
            let mut bytes = (version + 1).to_le_bytes().to_vec();
            bytes.extend_from_slice(row);
            table.insert(name, bytes.as_slice())?;
            Ok(true)
        })
    }
}

/// In the order of ids; a place is the id of the last person that was shown.
impl ProfileScan for Store {
    async fn page(
        &self,
        after: &[u8],
        people: usize,
        mut visit: impl FnMut(Key, u64, &[u8]),
    ) -> Result<Option<Vec<u8>>, PortError> {
        let after: Option<[u8; 16]> = after.try_into().ok();
        let mut overlay = self.overlay.borrow_mut();
        self.within(|transaction| {
            // Each row is in one place, the table.
            overlay.flush(transaction)?;
            let table = transaction.open_table(PROFILES)?;
            let first = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let mut last = None;
            for (seen, entry) in table.range::<&[u8; 16]>((first, Bound::Unbounded))?.enumerate() {
                if seen == people {
                    return Ok(last);
                }
                let (person, row) = entry?;
                if let Some((version, blob)) = split(row.value()) {
                    visit(Key(*person.value()), version, blob);
                }
                last = Some(person.value().to_vec());
            }
            Ok(None)
        })
    }
}
