//! The two action queues.

use crate::store::{Bytes, Store, failed};
use campaign::{Action, ActionQueue, Held, HeldStore, Holding, Lane};
use event::{Key, PortError};
use redb::{ReadableTable, ReadableTableMetadata, TableDefinition};

/// Lane, time from which it may be delivered (big-endian), person, action id → action. Those who are due together are
/// delivered in the order of people, in which all else that is kept of them lies, too.
pub(crate) const QUEUE: TableDefinition<&[u8; QUEUE_KEY], Bytes> = TableDefinition::new("queue");
/// Bytes of a key of [`QUEUE`].
pub(crate) const QUEUE_KEY: usize = 41;

impl ActionQueue for Store {
    async fn put(&self, actions: &[Action]) -> Result<(), PortError> {
        self.queue(actions.iter().map(|action| (action, i64::MIN)))
    }
}

impl Holding for Store {
    async fn hold(&self, action: &Action, until: i64) -> Result<(), PortError> {
        self.queue([(action, until)])
    }
}

/// The queue itself lets a held action out once its time has come: nothing is left for fire-timers to move.
impl HeldStore for Store {
    async fn due(&self, _: i64, _: usize) -> Result<Vec<Held>, PortError> {
        Ok(Vec::new())
    }

    async fn remove(&self, _: &[Held]) -> Result<(), PortError> {
        Ok(())
    }
}

/// An action as it lies in its queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    key: [u8; QUEUE_KEY],
    pub action: Action,
}

impl Store {
    /// The actions of a lane that may be delivered at `now` (UTC ms), at most `limit`. They stay queued until
    /// [`Store::remove_actions`].
    pub fn deliverable(&self, lane: Lane, now: i64, limit: usize) -> Result<Vec<Queued>, PortError> {
        let (first, last) = (key(lane, i64::MIN, FIRST), key(lane, now, LAST));
        let rows: Vec<([u8; QUEUE_KEY], Vec<u8>)> = self.within(|transaction| {
            let table = transaction.open_table(QUEUE)?;
            let mut rows = Vec::new();
            for entry in table.range::<&[u8; QUEUE_KEY]>(&first..=&last)?.take(limit) {
                let (key, action) = entry?;
                rows.push((*key.value(), action.value().to_vec()));
            }
            Ok(rows)
        })?;
        let decode = |(key, bytes): ([u8; QUEUE_KEY], Vec<u8>)| {
            Ok(Queued { key, action: Action::decode(&bytes).map_err(failed)? })
        };
        rows.into_iter().map(decode).collect()
    }

    /// Takes actions out of their queue.
    pub fn remove_actions(&self, actions: &[Queued]) -> Result<(), PortError> {
        self.within(|transaction| {
            let mut table = transaction.open_table(QUEUE)?;
            for queued in actions {
                table.remove(&queued.key)?;
            }
            Ok(())
        })
    }

    /// How many actions are queued, and when the first one that is held may be delivered (UTC ms).
    pub fn queued_actions(&self) -> Result<(u64, Option<i64>), PortError> {
        self.within(|transaction| {
            let table = transaction.open_table(QUEUE)?;
            let mut earliest: Option<i64> = None;
            for lane in [Lane::Service, Lane::Marketing] {
                let first = key(lane, i64::MIN, FIRST);
                let last = key(lane, i64::MAX, LAST);
                if let Some(entry) = table.range::<&[u8; QUEUE_KEY]>(&first..=&last)?.next() {
                    let at = time_of(entry?.0.value());
                    earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
                }
            }
            Ok((table.len()?, earliest))
        })
    }

    /// Queues actions, each from a time on, UTC ms.
    pub(crate) fn queue<'a>(
        &self,
        actions: impl IntoIterator<Item = (&'a Action, i64)>,
    ) -> Result<(), PortError> {
        self.within(|transaction| {
            let mut table = transaction.open_table(QUEUE)?;
            for (action, from) in actions {
                table.insert(
                    &key(action.lane, from, (action.person, action.id)),
                    action.encode().as_slice(),
                )?;
            }
            Ok(())
        })
    }
}

/// Before and behind every person and action.
const FIRST: (Key, Key) = (Key([0; 16]), Key([0; 16]));
const LAST: (Key, Key) = (Key([0xff; 16]), Key([0xff; 16]));

fn key(lane: Lane, from: i64, (person, id): (Key, Key)) -> [u8; QUEUE_KEY] {
    let mut key = [0; QUEUE_KEY];
    key[0] = matches!(lane, Lane::Marketing) as u8;
    // With its sign bit turned, a signed number sorts as bytes.
    key[1..9].copy_from_slice(&(from ^ i64::MIN).to_be_bytes());
    key[9..25].copy_from_slice(&person.0);
    key[25..].copy_from_slice(&id.0);
    key
}

/// From when on an action may be delivered, UTC ms, by the key that it is queued under.
pub(crate) fn time_of(key: &[u8]) -> i64 {
    i64::from_be_bytes(key[1..9].try_into().expect("eight bytes")) ^ i64::MIN
}
