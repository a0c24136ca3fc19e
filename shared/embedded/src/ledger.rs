//! The ledger and the cap counters.

use crate::store::{Bytes, Store};
use campaign::{CapCounts, Caps, Claim, Claimed, Ledger, LedgerEntry, LedgerState};
use event::{Key, PortError};
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

/// Action id → entry.
pub(crate) const LEDGER: TableDefinition<&[u8; 16], Bytes> = TableDefinition::new("ledger");
/// Person, time (big-endian), action id: the ledger by person.
pub(crate) const LEDGER_OF: TableDefinition<&[u8; 40], ()> = TableDefinition::new("ledger_of");
/// Entries in state claimed: action id → since when.
pub(crate) const CLAIMED: TableDefinition<&[u8; 16], i64> = TableDefinition::new("claimed");
/// Person, day (big-endian), channel → count.
pub(crate) const CAPS: TableDefinition<&[u8], u32> = TableDefinition::new("caps");

impl Ledger for Store {
    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, PortError> {
        let answers = self.within(|transaction| {
            let mut tables = Tables::open(transaction)?;
            let mut answers = Vec::with_capacity(claims.len());
            for claim in claims {
                let stored = tables.get(claim.entry.action)?;
                let counts = match claim.entry.capped_on {
                    Some(day) => tables.counts(claim.entry.person, &claim.entry.channel, day)?,
                    None => CapCounts::default(),
                };
                let (answer, write) = claim.admit(stored.as_ref(), counts);
                if let Some(entry) = write {
                    if let (true, Some(day)) = (entry.counts(), entry.capped_on) {
                        tables.count(entry.person, &entry.channel, day, 1)?;
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
                if let Some(day) = settlement.give_back {
                    tables.count(stored.person, &stored.channel, day, -1)?;
                }
                tables.put(&settlement.entry, Some(&stored))?;
            }
            Ok(())
        })
    }

    async fn get(&self, action: Key) -> Result<Option<LedgerEntry>, PortError> {
        self.within(|transaction| Tables::open(transaction)?.get(action))
    }

    async fn cap_counts(&self, person: Key, channel: &str, day: i32) -> Result<CapCounts, PortError> {
        self.within(|transaction| Tables::open(transaction)?.counts(person, channel, day))
    }

    async fn claimed_before(&self, at: i64) -> Result<Vec<LedgerEntry>, PortError> {
        self.within(|transaction| {
            let tables = Tables::open(transaction)?;
            let mut entries = Vec::new();
            for row in tables.claimed.iter()? {
                let (action, since) = row?;
                if since.value() < at {
                    entries.extend(tables.get(Key(*action.value()))?);
                }
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
            let table = transaction.open_table(LEDGER)?;
            for row in table.iter()? {
                if let Ok(entry) = LedgerEntry::decode(row?.1.value()) {
                    visit(entry);
                }
            }
            Ok(())
        })
    }
}

struct Tables<'t> {
    ledger: Table<'t, &'static [u8; 16], Bytes>,
    of_person: Table<'t, &'static [u8; 40], ()>,
    claimed: Table<'t, &'static [u8; 16], i64>,
    caps: Table<'t, Bytes, u32>,
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Tables<'t>, redb::Error> {
        Ok(Tables {
            ledger: transaction.open_table(LEDGER)?,
            of_person: transaction.open_table(LEDGER_OF)?,
            claimed: transaction.open_table(CLAIMED)?,
            caps: transaction.open_table(CAPS)?,
        })
    }

    fn get(&self, action: Key) -> Result<Option<LedgerEntry>, redb::Error> {
        let Some(row) = self.ledger.get(&action.0)? else { return Ok(None) };
        LedgerEntry::decode(row.value())
            .map(Some)
            .map_err(|damaged| redb::Error::Corrupted(damaged.to_string()))
    }

    fn put(&mut self, entry: &LedgerEntry, before: Option<&LedgerEntry>) -> Result<(), redb::Error> {
        self.ledger.insert(&entry.action.0, entry.encode().as_slice())?;
        if let Some(before) = before {
            self.of_person.remove(&person_key(before.person, before.at, before.action))?;
        }
        self.of_person.insert(&person_key(entry.person, entry.at, entry.action), ())?;
        if entry.state == LedgerState::Claimed {
            self.claimed.insert(&entry.action.0, entry.at)?;
        } else {
            self.claimed.remove(&entry.action.0)?;
        }
        Ok(())
    }

    fn counts(&self, person: Key, channel: &str, day: i32) -> Result<CapCounts, redb::Error> {
        let mut counts = CapCounts::default();
        for back in 0..Caps::WEEK_DAYS {
            let count =
                self.caps.get(cap_key(person, channel, day - back).as_slice())?.map_or(0, |row| row.value());
            counts.week += count;
            if back == 0 {
                counts.day = count;
            }
        }
        Ok(counts)
    }

    fn count(&mut self, person: Key, channel: &str, day: i32, by: i32) -> Result<(), redb::Error> {
        let key = cap_key(person, channel, day);
        let count = self.caps.get(key.as_slice())?.map_or(0, |row| row.value());
        self.caps.insert(key.as_slice(), count.saturating_add_signed(by))?;
        Ok(())
    }
}

fn person_key(person: Key, at: i64, action: Key) -> [u8; 40] {
    let mut key = [0; 40];
    key[..16].copy_from_slice(&person.0);
    key[16..24].copy_from_slice(&(at ^ i64::MIN).to_be_bytes());
    key[24..].copy_from_slice(&action.0);
    key
}

fn cap_key(person: Key, channel: &str, day: i32) -> Vec<u8> {
    let mut key = Vec::with_capacity(20 + channel.len());
    key.extend_from_slice(&person.0);
    key.extend_from_slice(&(day ^ i32::MIN).to_be_bytes());
    key.extend_from_slice(channel.as_bytes());
    key
}
