//! What counts against caps, where people turn out to be one, or two again.

use crate::ledger::Tables;
use crate::store::Store;
use campaign::{Sends, SendsStore};
use event::{Key, PortError};

impl SendsStore for Store {
    async fn join_sends(&self, merges: &[(Key, Key)]) -> Result<(), PortError> {
        self.within(|transaction| {
            let mut tables = Tables::open(transaction)?;
            for (merged, into) in merges {
                let (from, theirs) = tables.sends(*merged)?;
                if theirs.is_empty() {
                    continue;
                }
                let (to, mut own) = tables.sends(*into)?;
                if from != to {
                    own.join(&theirs);
                    tables.put_sends(to, &own)?;
                    tables.put_sends(from, &Sends::moved_to(to))?;
                }
            }
            Ok(())
        })
    }
}

impl Store {
    /// What was sent to a person counts for each of these, whom they were apart into: nobody knows whose it was. From now
    /// on each is counted alone.
    ///
    /// # Errors
    /// A store that can't be read or written.
    pub fn part_sends(&self, person: Key, into: &[Key]) -> Result<(), PortError> {
        self.within(|transaction| {
            let mut tables = Tables::open(transaction)?;
            let (counted_for, sends) = tables.sends(person)?;
            for apart in into.iter().filter(|apart| **apart != counted_for) {
                tables.put_sends(*apart, &sends)?;
            }
            Ok(())
        })
    }
}
