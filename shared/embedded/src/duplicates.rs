//! The numbers of events that were duplicates, until the lake has passed them.

use crate::store::Store;
use event::PortError;
use redb::{ReadableTable, TableDefinition};
use std::collections::HashSet;

pub(crate) const DUPLICATES: TableDefinition<i64, ()> = TableDefinition::new("duplicates");

impl Store {
    /// Remembers events that the lake shall not hold, since the profiles knew them already.
    pub fn add_duplicates(&self, sequences: impl IntoIterator<Item = i64>) -> Result<(), PortError> {
        self.within(|transaction| {
            let mut table = transaction.open_table(DUPLICATES)?;
            for sequence in sequences {
                table.insert(sequence, ())?;
            }
            Ok(())
        })
    }

    /// Those remembered, from a number on.
    pub fn duplicates_from(&self, sequence: i64) -> Result<HashSet<i64>, PortError> {
        self.within(|transaction| {
            let table = transaction.open_table(DUPLICATES)?;
            let rows = table.range(sequence..)?;
            rows.map(|row| Ok(row?.0.value())).collect()
        })
    }

    /// Forgets those below a number.
    pub fn forget_duplicates(&self, sequence: i64) -> Result<(), PortError> {
        self.within(|transaction| {
            let mut table = transaction.open_table(DUPLICATES)?;
            table.retain_in(..sequence, |_, ()| false)?;
            Ok(())
        })
    }
}
