//! Profiles and identities.

use crate::overlay::{identity_key, split};
use crate::store::{IDENTITIES, PROFILES, Store};
use event::{Identifier, IdentifierKind, Key, PortError};
use person::{Blob, IdentityStore, Owner, ProfileStore, ProfileWrite, Stored};
use redb::ReadableTable;
use std::sync::Arc;

impl ProfileStore for Store {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        let overlay = self.overlay.borrow();
        let stored = |row: &[u8]| split(row).map(|(version, blob)| Stored { version, blob: blob.into() });
        self.within(|transaction| {
            let table = transaction.open_table(PROFILES)?;
            let mut found = Vec::with_capacity(people.len());
            for person in people {
                found.push(match overlay.profiles.get(person) {
                    Some(row) => Some(Stored { version: row.version, blob: Arc::clone(&row.blob) }),
                    None => table.get(&person.0)?.and_then(|row| stored(row.value())),
                });
            }
            Ok(found)
        })
    }

    async fn write(&self, writes: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError> {
        let mut overlay = self.overlay.borrow_mut();
        // One thread writes, so that nobody can have written in between.
        for write in writes {
            overlay.put_profile(write.person, write.version + 1, write.blob);
            for identifier in write.links {
                overlay.identities.insert(identifier, write.owner);
            }
            for entry in write.log {
                entry.encode(overlay.log.entry(write.person).or_default());
            }
            for merged in write.merged {
                let pointer = Blob::forward(write.person).into();
                overlay.put_profile(merged.owner.person, merged.version + 1, pointer);
            }
        }
        Ok(Vec::new())
    }
}

impl IdentityStore for Store {
    async fn owners(&self, identifiers: &[Identifier]) -> Result<Vec<Option<Owner>>, PortError> {
        let overlay = self.overlay.borrow();
        self.within(|transaction| {
            let table = transaction.open_table(IDENTITIES)?;
            let mut owners = Vec::with_capacity(identifiers.len());
            for identifier in identifiers {
                owners.push(match overlay.identities.get(identifier) {
                    Some(owner) => Some(*owner),
                    None => table.get(&identity_key(*identifier))?.and_then(|row| owner_of(row.value())),
                });
            }
            Ok(owners)
        })
    }
}

impl Store {
    /// Calls `visit` with every person, version and stored blob, in the order of their ids. Commit before.
    ///
    /// # Errors
    /// A store that can't be read.
    pub fn each_profile(&self, mut visit: impl FnMut(Key, u64, &[u8])) -> Result<(), PortError> {
        self.within(|transaction| {
            let table = transaction.open_table(PROFILES)?;
            for entry in table.iter()? {
                let (person, row) = entry?;
                if let Some((version, blob)) = split(row.value()) {
                    visit(Key(*person.value()), version, blob);
                }
            }
            Ok(())
        })?;
        // A store in memory never commits: its overlay is all there is.
        let overlay = self.overlay.borrow();
        let mut people: Vec<_> = overlay.profiles.iter().filter(|(_, row)| row.dirty).collect();
        people.sort_unstable_by_key(|(person, _)| **person);
        for (person, row) in people {
            visit(*person, row.version, &row.blob);
        }
        Ok(())
    }
}

pub(crate) fn owner_of(row: &[u8; 17]) -> Option<Owner> {
    let kind = IdentifierKind::all().find(|kind| *kind as u8 == row[0])?;
    Some(Owner { kind, person: Key(row[1..].try_into().ok()?) })
}
