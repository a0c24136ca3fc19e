//! A store in memory, in which events are replayed beside the one that is live.

use event::{Identifier, Key, PortError};
use person::{Blob, IdentityStore, LogEntry, Owner, ProfileStore, ProfileWrite, Stored};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Default)]
pub(crate) struct Scratch {
    profiles: RefCell<BTreeMap<Key, (Owner, Stored)>>,
    owners: RefCell<BTreeMap<Identifier, Owner>>,
    log: RefCell<Vec<(Key, LogEntry)>>,
}

/// What a replay came to.
pub(crate) struct Replayed {
    /// Profiles and forwarding pointers.
    pub profiles: BTreeMap<Key, (Owner, Arc<[u8]>)>,
    pub owners: BTreeMap<Identifier, Owner>,
    pub log: Vec<(Key, LogEntry)>,
}

impl Scratch {
    pub fn into_replayed(self) -> Replayed {
        let profiles = self.profiles.into_inner().into_iter();
        Replayed {
            profiles: profiles.map(|(person, (owner, stored))| (person, (owner, stored.blob))).collect(),
            owners: self.owners.into_inner(),
            log: self.log.into_inner(),
        }
    }
}

impl ProfileStore for Scratch {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        let profiles = self.profiles.borrow();
        Ok(people.iter().map(|person| profiles.get(person).map(|(_, stored)| stored.clone())).collect())
    }

    async fn write(&self, writes: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError> {
        let (mut profiles, mut owners) = (self.profiles.borrow_mut(), self.owners.borrow_mut());
        for write in writes {
            let stored = Stored { version: write.version + 1, blob: write.blob };
            profiles.insert(write.person, (write.owner, stored));
            owners.extend(write.links.into_iter().map(|identifier| (identifier, write.owner)));
            for merged in write.merged {
                let stored = Stored { version: merged.version + 1, blob: Blob::forward(write.person).into() };
                profiles.insert(merged.owner.person, (merged.owner, stored));
            }
            self.log.borrow_mut().extend(write.log.into_iter().map(|entry| (write.person, entry)));
        }
        Ok(Vec::new())
    }
}

impl IdentityStore for Scratch {
    async fn owners(&self, identifiers: &[Identifier]) -> Result<Vec<Option<Owner>>, PortError> {
        let owners = self.owners.borrow();
        Ok(identifiers.iter().map(|identifier| owners.get(identifier).copied()).collect())
    }
}
