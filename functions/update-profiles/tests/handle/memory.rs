//! A store in memory that does what it promises, and fails as it is told.

use event::{Identifier, Key, PortError, Quarantine, Quarantined};
use person::{Blob, IdentityStore, Owner, ProfileStore, ProfileWrite, Stored};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

/// One write on the change stream: who, the message ids of the fresh events, and who was merged.
pub type Change = (Key, Vec<String>, Vec<Key>);

#[derive(Default)]
pub struct MemoryStore {
    pub profiles: RefCell<BTreeMap<Key, Stored>>,
    pub owners: RefCell<HashMap<Identifier, Owner>>,
    pub changes: RefCell<Vec<Change>>,
    /// How many calls from now on fail in passing.
    pub unavailable: Cell<u32>,
    /// How often from now on somebody else writes a person first.
    pub conflicts: Cell<u32>,
}

/// Counts down; whether it was above zero.
pub fn take(count: &Cell<u32>) -> bool {
    let left = count.get();
    count.set(left.saturating_sub(1));
    left > 0
}

impl MemoryStore {
    fn available(&self) -> Result<(), PortError> {
        if take(&self.unavailable) {
            return Err(PortError::Unavailable { what: "the profile table", reason: "throttled".into() });
        }
        Ok(())
    }

    /// The stored profile of a person.
    pub fn blob(&self, person: Key) -> Vec<u8> {
        self.profiles.borrow()[&person].blob.to_vec()
    }

    /// Everything that is stored, to be compared.
    pub fn state(&self) -> BTreeMap<Key, Vec<u8>> {
        self.profiles.borrow().iter().map(|(person, stored)| (*person, stored.blob.to_vec())).collect()
    }
}

impl ProfileStore for MemoryStore {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        self.available()?;
        Ok(people.iter().map(|person| self.profiles.borrow().get(person).cloned()).collect())
    }

    async fn write(&self, writes: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError> {
        self.available()?;
        let mut profiles = self.profiles.borrow_mut();
        let mut conflicts = Vec::new();
        for write in writes {
            if take(&self.conflicts) {
                conflicts.push(write.person);
                continue;
            }
            let version = profiles.get(&write.person).map_or(0, |stored| stored.version);
            assert_eq!(version, write.version, "a write names the version that it loaded");
            profiles.insert(write.person, Stored { version: version + 1, blob: write.blob });
            for merged in &write.merged {
                let person = merged.owner.person;
                let stored = profiles.get(&person).map_or(0, |stored| stored.version);
                assert_eq!(stored, merged.version, "a merge names the version that it loaded");
                let blob = Blob::forward(write.person).into();
                profiles.insert(person, Stored { version: stored + 1, blob });
            }
            self.owners.borrow_mut().extend(write.links.iter().map(|identifier| (*identifier, write.owner)));
            let fresh = write.fresh.iter().map(|event| event.message_id.to_string()).collect();
            let merged = write.merged.iter().map(|merged| merged.owner.person).collect();
            self.changes.borrow_mut().push((write.person, fresh, merged));
        }
        Ok(conflicts)
    }
}

impl IdentityStore for MemoryStore {
    async fn owners(&self, identifiers: &[Identifier]) -> Result<Vec<Option<Owner>>, PortError> {
        self.available()?;
        Ok(identifiers.iter().map(|identifier| self.owners.borrow().get(identifier).copied()).collect())
    }
}

#[derive(Default)]
pub struct MemoryQuarantine(pub RefCell<Vec<Quarantined>>);

impl Quarantine for MemoryQuarantine {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        self.0.borrow_mut().extend_from_slice(records);
        Ok(())
    }
}
