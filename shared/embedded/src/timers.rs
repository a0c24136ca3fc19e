//! Journeys, timers, and the queue of due people.

use crate::overlay::{split, timer_key, timer_of};
use crate::store::{JOURNEYS, Store, TIMERS};
use campaign::{DueQueue, JourneyStore, JourneyWrite, Stored, Timer, TimerStore};
use event::{Key, PortError};
use redb::ReadableTable;
use std::sync::Arc;

impl JourneyStore for Store {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        let overlay = self.overlay.borrow();
        let stored = |row: &[u8]| split(row).map(|(version, blob)| Stored { version, blob: blob.into() });
        self.within(|transaction| {
            let table = transaction.open_table(JOURNEYS)?;
            let mut found = Vec::with_capacity(people.len());
            for person in people {
                found.push(match overlay.journeys.get(person) {
                    Some(row) if row.blob.is_empty() => None,
                    Some(row) => Some(Stored { version: row.version, blob: Arc::clone(&row.blob) }),
                    None => table.get(&person.0)?.and_then(|row| stored(row.value())),
                });
            }
            Ok(found)
        })
    }

    async fn write(&self, writes: Vec<JourneyWrite>) -> Result<Vec<Key>, PortError> {
        let mut overlay = self.overlay.borrow_mut();
        for write in writes {
            overlay.put_journeys(write.person, write.version + 1, &write.blob);
            if let Some(minute) = write.timer {
                overlay.set_timer(Timer { minute, person: write.person });
            }
        }
        Ok(Vec::new())
    }
}

impl TimerStore for Store {
    async fn due(&self, minute: u32, limit: usize) -> Result<Vec<Timer>, PortError> {
        let overlay = self.overlay.borrow();
        let end = timer_key(Timer { minute, person: Key([0xff; 16]) });
        let mut due: Vec<Timer> = self.within(|transaction| {
            let table = transaction.open_table(TIMERS)?;
            let mut due = Vec::new();
            for entry in table.range::<&[u8; 20]>(..=&end)? {
                let timer = timer_of(entry?.0.value());
                if !overlay.removed_timers.contains(&timer) {
                    due.push(timer);
                    if due.len() == limit {
                        break;
                    }
                }
            }
            Ok(due)
        })?;
        due.extend(overlay.timers.iter().take_while(|timer| timer.minute <= minute).take(limit));
        due.sort_unstable();
        due.dedup();
        due.truncate(limit);
        Ok(due)
    }

    async fn remove(&self, timers: &[Timer]) -> Result<(), PortError> {
        let mut overlay = self.overlay.borrow_mut();
        timers.iter().for_each(|timer| overlay.remove_timer(*timer));
        Ok(())
    }
}

impl DueQueue for Store {
    async fn put(&self, people: &[Key]) -> Result<(), PortError> {
        self.overlay.borrow_mut().due.extend_from_slice(people);
        Ok(())
    }
}

impl Store {
    /// Takes the people that fire-timers put into the queue.
    pub fn take_due(&self) -> Vec<Key> {
        std::mem::take(&mut self.overlay.borrow_mut().due)
    }

    /// When the earliest timer is due, minutes since the epoch.
    pub fn next_timer(&self) -> Result<Option<u32>, PortError> {
        let first = pollster::block_on(self.due(u32::MAX, 1))?;
        Ok(first.first().map(|timer| timer.minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use person::ProfileScan;
    use pollster::block_on;
    use vault::Sealer;

    #[test]
    fn a_timer_that_was_removed_is_due_no_more_wherever_its_row_lies() {
        let folder = tempfile::tempdir().unwrap();
        let sealer = || Sealer::new(&[7; 32]);
        let stores = [Store::in_memory(sealer()), Store::open(&folder.path().join("store.redb"), sealer())];
        for store in stores.map(Result::unwrap) {
            let timer = |minute: u32| Timer { minute, person: Key([minute as u8; 16]) };
            let journey = |minute: u32| {
                let (person, blob) = (timer(minute).person, vec![1]);
                JourneyWrite { person, version: 0, blob, timer: Some(minute) }
            };
            block_on(JourneyStore::write(&store, vec![journey(3), journey(5)])).unwrap();
            // Who looks at everybody has all rows written into the tables.
            block_on(store.page(&[], 10, |_, _, _| {})).unwrap();
            block_on(JourneyStore::write(&store, vec![journey(4)])).unwrap();
            assert_eq!(block_on(store.due(4, 10)).unwrap(), [timer(3), timer(4)]);
            block_on(TimerStore::remove(&store, &[timer(3), timer(4)])).unwrap();
            assert_eq!(store.next_timer().unwrap(), Some(5));
            block_on(store.page(&[], 10, |_, _, _| {})).unwrap();
            assert_eq!(block_on(store.due(9, 10)).unwrap(), [timer(5)]);
        }
    }
}
