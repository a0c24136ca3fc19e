//! Tables of an earlier release, taken to their new places when a store is opened.

use crate::actions::time_of;
use crate::ledger::{CLAIMS, LEDGER};
use crate::store::{Bytes, Store, failed};
use campaign::Action;
use event::PortError;
use redb::{ReadableDatabase, ReadableTable, TableDefinition, TableHandle};

/// Lane, time, action id → action: a queue in the order of actions.
const QUEUE_BY_ACTION: &str = "actions";
/// Action id → since when: entries in state claimed, which the ledger held.
const CLAIMED: &str = "claimed";

impl Store {
    /// Moves what an earlier release left. It becomes durable with the next commit; else it is
    /// moved again.
    ///
    /// # Errors
    /// A store that can't be read or written, and rows that no release wrote.
    pub(crate) fn upgrade(&self) -> Result<(), PortError> {
        let read = self.db.get().begin_read().map_err(failed)?;
        let tables: Vec<String> =
            read.list_tables().map_err(failed)?.map(|table| table.name().to_owned()).collect();
        drop(read);
        for table in tables {
            match table.as_str() {
                QUEUE_BY_ACTION => self.move_queue()?,
                CLAIMED => self.move_claims()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn move_queue(&self) -> Result<(), PortError> {
        let definition: TableDefinition<&[u8; 25], Bytes> = TableDefinition::new(QUEUE_BY_ACTION);
        let rows = self.within(|transaction| {
            let mut rows = Vec::new();
            for row in transaction.open_table(definition)?.iter()? {
                let (key, action) = row?;
                let action = Action::decode(action.value())
                    .map_err(|damaged| redb::Error::Corrupted(damaged.to_string()))?;
                rows.push((action, time_of(key.value())));
            }
            transaction.delete_table(definition)?;
            Ok(rows)
        })?;
        self.queue(rows.iter().map(|(action, from)| (action, *from)))
    }

    fn move_claims(&self) -> Result<(), PortError> {
        let definition: TableDefinition<&[u8; 16], i64> = TableDefinition::new(CLAIMED);
        self.within(|transaction| {
            let (mut ledger, mut claims) = (transaction.open_table(LEDGER)?, transaction.open_table(CLAIMS)?);
            for row in transaction.open_table(definition)?.iter()? {
                let (action, _) = row?;
                if let Some(entry) = ledger.remove(action.value())? {
                    claims.insert(action.value(), entry.value())?;
                }
            }
            transaction.delete_table(definition)?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use campaign::{Lane, Ledger, LedgerEntry, LedgerState};
    use event::Key;
    use pollster::block_on;
    use vault::Sealer;

    /// Keys as the release before wrote them: the lane's byte, the time with its sign bit turned, the action's id.
    #[test]
    fn what_an_earlier_release_had_queued_and_claimed_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.redb");
        let action = |id: u8, person: u8| Action {
            id: Key([id; 16]),
            person: Key([person; 16]),
            campaign: "welcome".to_owned(),
            ..Action::default()
        };
        let claimed = LedgerEntry {
            action: Key([3; 16]),
            person: Key([9; 16]),
            campaign: "welcome".to_owned(),
            step: "hello".to_owned(),
            channel: "email".to_owned(),
            state: LedgerState::Claimed,
            reason: None,
            at: 1_000,
            due_at: 900,
            capped_on: None,
            receipt: String::new(),
            detail: String::new(),
            creative: Box::default(),
        };
        {
            let store = Store::open(&file, Sealer::new(&[7; 32])).unwrap();
            let key = |from: i64, id: u8| {
                let mut key = [1; 25];
                key[1..9].copy_from_slice(&(from ^ i64::MIN).to_be_bytes());
                key[9..].copy_from_slice(&[id; 16]);
                key
            };
            store
                .within(|transaction| {
                    let old: TableDefinition<&[u8; 25], Bytes> = TableDefinition::new(QUEUE_BY_ACTION);
                    let mut old = transaction.open_table(old)?;
                    old.insert(&key(i64::MIN, 1), action(1, 8).encode().as_slice())?;
                    old.insert(&key(5_000, 2), action(2, 7).encode().as_slice())?;
                    let old: TableDefinition<&[u8; 16], i64> = TableDefinition::new(CLAIMED);
                    transaction.open_table(old)?.insert(&[3; 16], 1_000)?;
                    transaction.open_table(LEDGER)?.insert(&[3; 16], claimed.encode().as_slice())?;
                    Ok(())
                })
                .unwrap();
            store.commit().unwrap();
        }
        // Opened twice: what was moved is moved once.
        drop(Store::open(&file, Sealer::new(&[7; 32])).unwrap());
        let store = Store::open(&file, Sealer::new(&[7; 32])).unwrap();
        let deliverable = |now: i64| {
            let queued = store.deliverable(Lane::Marketing, now, 10).unwrap();
            queued.into_iter().map(|queued| queued.action).collect::<Vec<_>>()
        };
        assert_eq!(deliverable(4_999), [action(1, 8)]);
        assert_eq!(deliverable(5_000), [action(1, 8), action(2, 7)]);
        assert_eq!(store.queued_actions().unwrap(), (2, Some(i64::MIN)));
        assert_eq!(block_on(store.claimed_before(1_001)).unwrap(), std::slice::from_ref(&claimed));
        assert_eq!(block_on(Ledger::get(&store, claimed.action)).unwrap().as_ref(), Some(&claimed));
        let mut entries = Vec::new();
        store.each_ledger_entry(|entry| entries.push(entry)).unwrap();
        assert_eq!(entries, [claimed]);
    }
}
