//! The store file written anew, so that nothing of what was removed stays in its free pages.

use crate::actions::QUEUE;
use crate::duplicates::DUPLICATES;
use crate::ledger::{CAPS, CLAIMS, LEDGER, LEDGER_OF, SENDS};
use crate::quality::QUALITY;
use crate::runs::RUNS;
use crate::sealed::{QUARANTINE, VAULT};
use crate::store::{IDENTITIES, IDENTITY_LOG, JOURNEYS, META, PROFILES, TIMERS, failed};
use event::PortError;
use redb::{
    Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    TableHandle, Value, WriteTransaction,
};
use std::collections::BTreeSet;

/// Copies every table from one store file to another, empty one.
///
/// # Errors
/// Also a table that this release does not know: it would be lost.
pub(crate) fn copy(from: &Database, to: &Database) -> Result<(), PortError> {
    let (read, write) = (from.begin_read().map_err(failed)?, to.begin_write().map_err(failed)?);
    let mut copy = Copy { read, write, copied: BTreeSet::new() };
    copy.tables().map_err(failed)?;
    let tables = copy.read.list_tables().map_err(failed)?;
    for table in tables {
        if !copy.copied.contains(table.name()) {
            let reason = format!("it has a table `{}` of another release", table.name());
            return Err(PortError::Failed { what: "the store", reason });
        }
    }
    copy.write.commit().map_err(failed)
}

struct Copy {
    read: ReadTransaction,
    write: WriteTransaction,
    copied: BTreeSet<String>,
}

impl Copy {
    /// All tables of a store.
    fn tables(&mut self) -> Result<(), redb::Error> {
        self.table(PROFILES)?;
        self.table(IDENTITIES)?;
        self.table(IDENTITY_LOG)?;
        self.table(JOURNEYS)?;
        self.table(TIMERS)?;
        self.table(META)?;
        self.table(QUEUE)?;
        self.table(DUPLICATES)?;
        self.table(QUALITY)?;
        self.table(LEDGER)?;
        self.table(LEDGER_OF)?;
        self.table(CLAIMS)?;
        self.table(CAPS)?;
        self.table(SENDS)?;
        self.table(VAULT)?;
        self.table(QUARANTINE)?;
        self.table(RUNS)
    }

    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<(), redb::Error> {
        self.copied.insert(definition.name().to_owned());
        let from = match self.read.open_table(definition) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut to = self.write.open_table(definition)?;
        for row in from.iter()? {
            let (key, value) = row?;
            to.insert(key.value(), value.value())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    /// A table that is not copied would be missed only once somebody has rows in it.
    #[test]
    fn every_table_of_the_crate_is_copied() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let copied = include_str!("rewrite.rs");
        let mut seen = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for line in text.lines().filter(|line| line.contains("TableDefinition::new(\"")) {
                let name = line.split("const ").nth(1).and_then(|rest| rest.split(':').next()).unwrap();
                assert!(copied.contains(&format!("self.table({name})")), "{name} is not copied");
                seen += 1;
            }
        }
        assert!(seen >= 13, "{seen} tables");
    }
}
