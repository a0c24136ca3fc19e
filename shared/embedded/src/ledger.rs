//! The ledger and the cap counters.

use crate::store::{Bytes, Store};
use campaign::{Claim, Claimed, Ledger, LedgerEntry, LedgerState, Sends};
use event::{Key, PortError};
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use std::collections::BTreeMap;

/// Action id → entry, but for those in state claimed.
pub(crate) const LEDGER: TableDefinition<&[u8; 16], Bytes> = TableDefinition::new("ledger");
/// Person, time (big-endian), action id: the ledger by person.
pub(crate) const LEDGER_OF: TableDefinition<&[u8; 40], ()> = TableDefinition::new("ledger_of");
/// Action id → entry in state claimed, in the place of one that [`LEDGER`] may hold. There are few at a time, so that a
/// claim is written to a page that is at hand, and the ledger's own page once, when it is settled.
pub(crate) const CLAIMS: TableDefinition<&[u8; 16], Bytes> = TableDefinition::new("claims");
/// Person → what counts against their caps.
pub(crate) const SENDS: TableDefinition<&[u8; 16], Bytes> = TableDefinition::new("sends");
/// Person, day (big-endian), channel → count: how an earlier release counted. Read for people who have no row in
/// [`SENDS`] yet, and written no more.
pub(crate) const CAPS: TableDefinition<&[u8], u32> = TableDefinition::new("caps");

impl Ledger for Store {
    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, PortError> {
        let answers = self.within(|transaction| {
            let mut tables = Tables::open(transaction)?;
            let mut answers = Vec::with_capacity(claims.len());
            for claim in claims {
                let stored = tables.get(claim.entry.action)?;
                let (counted_for, mut sends) = match claim.entry.capped_on {
                    Some(_) => tables.sends(claim.entry.person)?,
                    None => (claim.entry.person, Sends::default()),
                };
                let (answer, write) = claim.admit(stored.as_ref(), &mut sends);
                if let Some(entry) = write {
                    if entry.counts() {
                        tables.put_sends(counted_for, &sends)?;
                    }
                    tables.put(&entry, stored.as_ref())?;
                }
                answers.push(answer);
            }
            Ok(answers)
        })?;
        // A message may leave only after its claim can't be lost any more.
        self.commit()?;
        Ok(answers)
    }

    async fn settle(&self, outcomes: &[LedgerEntry]) -> Result<(), PortError> {
        self.within(|transaction| {
            let mut tables = Tables::open(transaction)?;
            for outcome in outcomes {
                let Some(stored) = tables.get(outcome.action)? else { continue };
                let Some(settlement) = stored.settled_by(outcome) else { continue };
                if settlement.gives_back {
                    let (counted_for, mut sends) = tables.sends(stored.person)?;
                    if sends.give_back(&stored) {
                        tables.put_sends(counted_for, &sends)?;
                    }
                }
                tables.put(&settlement.entry, Some(&stored))?;
            }
            Ok(())
        })
    }

    async fn get(&self, action: Key) -> Result<Option<LedgerEntry>, PortError> {
        self.within(|transaction| Tables::open(transaction)?.get(action))
    }

    async fn sends(&self, person: Key) -> Result<Sends, PortError> {
        self.within(|transaction| Ok(Tables::open(transaction)?.sends(person)?.1))
    }

    async fn claimed_before(&self, at: i64) -> Result<Vec<LedgerEntry>, PortError> {
        self.within(|transaction| {
            let tables = Tables::open(transaction)?;
            let mut entries = Vec::new();
            for row in tables.claims.iter()? {
                entries.extend(Some(decode(row?.1.value())?).filter(|entry| entry.at < at));
            }
            Ok(entries)
        })
    }
}

impl Store {
    /// A person's entries, oldest first.
    pub fn ledger_of(&self, person: Key) -> Result<Vec<LedgerEntry>, PortError> {
        self.within(|transaction| {
            let tables = Tables::open(transaction)?;
            let (first, last) =
                (person_key(person, i64::MIN, Key([0; 16])), person_key(person, i64::MAX, Key([0xff; 16])));
            let mut entries = Vec::new();
            for row in tables.of_person.range::<&[u8; 40]>(&first..=&last)? {
                let (key, ()) = row.map(|(key, _)| (*key.value(), ()))?;
                entries.extend(tables.get(Key(key[24..].try_into().expect("sixteen bytes")))?);
            }
            Ok(entries)
        })
    }

    /// Calls `visit` with every entry, in the order of action ids.
    pub fn each_ledger_entry(&self, mut visit: impl FnMut(LedgerEntry)) -> Result<(), PortError> {
        self.within(|transaction| {
            let tables = Tables::open(transaction)?;
            let mut claims = BTreeMap::new();
            for row in tables.claims.iter()? {
                let (action, claim) = row?;
                claims.insert(*action.value(), decode(claim.value())?);
            }
            for row in tables.ledger.iter()? {
                let (action, row) = row?;
                let settled = decode(row.value())?;
                while let Some(claim) = claims.first_entry().filter(|claim| claim.key() < action.value()) {
                    visit(claim.remove());
                }
                visit(claims.remove(action.value()).unwrap_or(settled));
            }
            claims.into_values().for_each(visit);
            Ok(())
        })
    }
}

pub(crate) struct Tables<'t> {
    ledger: Table<'t, &'static [u8; 16], Bytes>,
    of_person: Table<'t, &'static [u8; 40], ()>,
    claims: Table<'t, &'static [u8; 16], Bytes>,
    sends: Table<'t, &'static [u8; 16], Bytes>,
    caps: Table<'t, Bytes, u32>,
}

impl<'t> Tables<'t> {
    pub fn open(transaction: &'t WriteTransaction) -> Result<Tables<'t>, redb::Error> {
        Ok(Tables {
            ledger: transaction.open_table(LEDGER)?,
            of_person: transaction.open_table(LEDGER_OF)?,
            claims: transaction.open_table(CLAIMS)?,
            sends: transaction.open_table(SENDS)?,
            caps: transaction.open_table(CAPS)?,
        })
    }

    fn get(&self, action: Key) -> Result<Option<LedgerEntry>, redb::Error> {
        if let Some(claim) = self.claims.get(&action.0)? {
            return decode(claim.value()).map(Some);
        }
        self.ledger.get(&action.0)?.map(|row| decode(row.value())).transpose()
    }

    fn put(&mut self, entry: &LedgerEntry, before: Option<&LedgerEntry>) -> Result<(), redb::Error> {
        if entry.state == LedgerState::Claimed {
            self.claims.insert(&entry.action.0, entry.encode().as_slice())?;
        } else {
            if before.is_some_and(|before| before.state == LedgerState::Claimed) {
                self.claims.remove(&entry.action.0)?;
            }
            self.ledger.insert(&entry.action.0, entry.encode().as_slice())?;
        }
        let place = person_key(entry.person, entry.at, entry.action);
        let stood = before.map(|before| person_key(before.person, before.at, before.action));
        if stood != Some(place) {
            if let Some(stood) = stood {
                self.of_person.remove(&stood)?;
            }
            self.of_person.insert(&place, ())?;
        }
        Ok(())
    }

    /// What counts for a person, and in whose row it is: after a merge, in that of who they were merged into.
    pub fn sends(&self, person: Key) -> Result<(Key, Sends), redb::Error> {
        let mut counted_for = person;
        let mut sends = self.sends_row(person)?;
        for _ in 0..Sends::MAX_HOPS {
            let Some(into) = sends.moved() else { break };
            (counted_for, sends) = (into, self.sends_row(into)?);
        }
        Ok((counted_for, sends))
    }

    fn sends_row(&self, person: Key) -> Result<Sends, redb::Error> {
        if let Some(row) = self.sends.get(&person.0)? {
            return Sends::decode(row.value()).map_err(|damaged| redb::Error::Corrupted(damaged.to_string()));
        }
        let mut sends = Sends::default();
        let mut last = person.0.to_vec();
        last.extend_from_slice(&[0xff; 5]);
        for row in self.caps.range::<&[u8]>(&person.0[..]..=last.as_slice())? {
            let (key, count) = row?;
            if let Some((day, channel)) = counted(key.value()) {
                sends.add_counted(channel, day, count.value());
            }
        }
        Ok(sends)
    }

    pub fn put_sends(&mut self, person: Key, sends: &Sends) -> Result<(), redb::Error> {
        self.sends.insert(&person.0, sends.encode().as_slice())?;
        Ok(())
    }
}

fn decode(row: &[u8]) -> Result<LedgerEntry, redb::Error> {
    LedgerEntry::decode(row).map_err(|damaged| redb::Error::Corrupted(damaged.to_string()))
}

/// The day and channel of a counter of an earlier release.
fn counted(key: &[u8]) -> Option<(i32, &str)> {
    let (day, channel) = key.get(16..)?.split_first_chunk()?;
    Some((i32::from_be_bytes(*day) ^ i32::MIN, std::str::from_utf8(channel).ok()?))
}

fn person_key(person: Key, at: i64, action: Key) -> [u8; 40] {
    let mut key = [0; 40];
    key[..16].copy_from_slice(&person.0);
    key[16..24].copy_from_slice(&(at ^ i64::MIN).to_be_bytes());
    key[24..].copy_from_slice(&action.0);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;
    use vault::Sealer;

    /// Person, day and channel as the release before wrote them.
    #[test]
    fn counters_of_an_earlier_release_still_count() {
        let store = Store::in_memory(Sealer::new(&[7; 32])).unwrap();
        let (ann, bob) = (Key([7; 16]), Key([8; 16]));
        let counter = |person: Key, day: u32, channel: &str| {
            let mut key = person.0.to_vec();
            key.extend_from_slice(&(0x8000_0000 + day).to_be_bytes());
            key.extend_from_slice(channel.as_bytes());
            key
        };
        store
            .within(|transaction| {
                let mut caps = transaction.open_table(CAPS)?;
                caps.insert(counter(ann, 20_000, "email").as_slice(), 2)?;
                caps.insert(counter(ann, 20_003, "sms").as_slice(), 1)?;
                caps.insert(counter(bob, 20_003, "sms").as_slice(), 1)?;
                Ok(())
            })
            .unwrap();
        let sends = block_on(store.sends(ann)).unwrap();
        assert_eq!(sends.on_days(|channel| channel == "email", 20_000, 20_000), 2);
        assert_eq!(sends.on_days(|_| true, 20_000, 20_006), 3);
        assert_eq!(sends.channels(), ["email", "sms"]);
        assert_eq!(block_on(store.sends(bob)).unwrap().on_days(|_| true, 20_000, 20_006), 1);
        assert!(block_on(store.sends(Key([6; 16]))).unwrap().is_empty());
    }
}
