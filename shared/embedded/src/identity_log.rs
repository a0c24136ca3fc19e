//! The identity log, and the rewriting of people when a merge is undone.

use crate::overlay::{identity_key, identity_key_of};
use crate::store::{IDENTITIES, IDENTITY_LOG, PROFILES, Store};
use event::{Key, PortError};
use person::{IdentityLog, IdentityRewrite, LogEntry, Rewrite};
use redb::ReadableTable;

impl IdentityLog for Store {
    async fn log(&self, people: &[Key]) -> Result<Vec<Vec<LogEntry>>, PortError> {
        let overlay = self.overlay.borrow();
        let stored = self.within(|transaction| {
            let table = transaction.open_table(IDENTITY_LOG)?;
            let mut rows = Vec::with_capacity(people.len());
            for person in people {
                let mut row = table.get(&person.0)?.map(|row| row.value().to_vec()).unwrap_or_default();
                row.extend(overlay.log.get(person).into_iter().flatten());
                rows.push(row);
            }
            Ok(rows)
        })?;
        let damaged = |_| PortError::Failed {
            what: "the store",
            reason: "an identity log is damaged; restore it from a copy".into(),
        };
        stored.iter().map(|row| LogEntry::decode_all(row).map_err(damaged)).collect()
    }
}

impl IdentityRewrite for Store {
    /// One thread writes, so that nobody can have written in between; the next commit makes all of it durable or none.
    async fn rewrite(&self, rewrite: Rewrite) -> Result<bool, PortError> {
        let mut overlay = self.overlay.borrow_mut();
        self.within(|transaction| {
            // What the overlay holds goes to the tables first, so that each row is in one place.
            overlay.flush(transaction)?;
            let mut profiles = transaction.open_table(PROFILES)?;
            for changed in &rewrite.profiles {
                overlay.forget_profile(changed.person);
                match &changed.blob {
                    Some(blob) => {
                        let mut row = (changed.version + 1).to_le_bytes().to_vec();
                        row.extend_from_slice(blob);
                        profiles.insert(&changed.person.0, row.as_slice())?;
                    }
                    None => drop(profiles.remove(&changed.person.0)?),
                }
            }
            let mut identities = transaction.open_table(IDENTITIES)?;
            for changed in &rewrite.identities {
                let key = identity_key(changed.identifier);
                match changed.after {
                    Some(owner) => drop(identities.insert(&key, &identity_key_of(owner))?),
                    None => drop(identities.remove(&key)?),
                }
            }
            let mut log = transaction.open_table(IDENTITY_LOG)?;
            for (person, entry) in &rewrite.log {
                let mut row = log.get(&person.0)?.map(|row| row.value().to_vec()).unwrap_or_default();
                entry.encode(&mut row);
                log.insert(&person.0, row.as_slice())?;
            }
            Ok(true)
        })
    }
}
