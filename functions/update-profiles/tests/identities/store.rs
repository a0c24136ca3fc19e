//! People in memory, and a history of events.

use event::{Event, Identifier, Key, PortError};
use person::{
    Blob, EventHistory, IdentityLog, IdentityRewrite, IdentityStore, LogEntry, Owner, ProfileStore,
    ProfileWrite, Rewrite, Stored,
};
use std::cell::RefCell;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct People {
    pub profiles: RefCell<BTreeMap<Key, Stored>>,
    pub owners: RefCell<BTreeMap<Identifier, Owner>>,
    pub log: RefCell<BTreeMap<Key, Vec<LogEntry>>>,
}

impl People {
    /// Everything but versions and logs, to be compared.
    pub fn state(&self) -> (BTreeMap<Key, Vec<u8>>, BTreeMap<Identifier, Owner>) {
        let profiles = self.profiles.borrow();
        let profiles = profiles.iter().map(|(person, stored)| (*person, stored.blob.to_vec())).collect();
        (profiles, self.owners.borrow().clone())
    }

    /// All merges of the logs, and whether the one that went is still in somebody else.
    pub fn merges(&self) -> Vec<(Owner, Owner)> {
        let profiles = self.profiles.borrow();
        let gone = |owner: &Owner| {
            profiles
                .get(&owner.person)
                .is_some_and(|stored| Blob::forward_of(&stored.blob).unwrap().is_some())
        };
        let log = self.log.borrow();
        let merged = log.values().flatten().filter(|entry| matches!(entry, LogEntry::Merged { .. }));
        merged.map(LogEntry::pair).filter(|(owner, _)| gone(owner)).collect()
    }
}

impl ProfileStore for People {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        Ok(people.iter().map(|person| self.profiles.borrow().get(person).cloned()).collect())
    }

    async fn write(&self, writes: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError> {
        let mut profiles = self.profiles.borrow_mut();
        for write in writes {
            profiles.insert(write.person, Stored { version: write.version + 1, blob: write.blob });
            for merged in write.merged {
                let blob = Blob::forward(write.person).into();
                profiles.insert(merged.owner.person, Stored { version: merged.version + 1, blob });
            }
            self.owners.borrow_mut().extend(write.links.into_iter().map(|id| (id, write.owner)));
            if !write.log.is_empty() {
                self.log.borrow_mut().entry(write.person).or_default().extend(write.log);
            }
        }
        Ok(Vec::new())
    }
}

impl IdentityStore for People {
    async fn owners(&self, identifiers: &[Identifier]) -> Result<Vec<Option<Owner>>, PortError> {
        Ok(identifiers.iter().map(|identifier| self.owners.borrow().get(identifier).copied()).collect())
    }
}

impl IdentityLog for People {
    async fn log(&self, people: &[Key]) -> Result<Vec<Vec<LogEntry>>, PortError> {
        let log = self.log.borrow();
        Ok(people.iter().map(|person| log.get(person).cloned().unwrap_or_default()).collect())
    }
}

impl IdentityRewrite for People {
    async fn rewrite(&self, rewrite: Rewrite) -> Result<bool, PortError> {
        let mut profiles = self.profiles.borrow_mut();
        for changed in rewrite.profiles {
            let version = profiles.get(&changed.person).map_or(0, |stored| stored.version);
            if version != changed.version {
                return Ok(false);
            }
            match changed.blob {
                Some(blob) => drop(profiles.insert(changed.person, Stored { version: version + 1, blob })),
                None => drop(profiles.remove(&changed.person)),
            }
        }
        let mut owners = self.owners.borrow_mut();
        for changed in rewrite.identities {
            match changed.after {
                Some(owner) => drop(owners.insert(changed.identifier, owner)),
                None => drop(owners.remove(&changed.identifier)),
            }
        }
        for (person, entry) in rewrite.log {
            self.log.borrow_mut().entry(person).or_default().push(entry);
        }
        Ok(true)
    }
}

/// What was accepted, in its order.
pub struct Accepted<'e>(pub &'e [Event<'e>]);

impl EventHistory for Accepted<'_> {
    async fn each_identifiers(&self, mut visit: impl FnMut(&[Identifier])) -> Result<(), PortError> {
        self.0.iter().for_each(|event| visit(&event.identifiers));
        Ok(())
    }

    async fn each_event(&self, visit: impl FnMut(&Event<'_>)) -> Result<(), PortError> {
        self.0.iter().for_each(visit);
        Ok(())
    }
}
