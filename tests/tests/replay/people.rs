//! The people of a store.

use embedded::{Sealer, Store};
use event::{Event, Key};
use person::{Blob, IdentityRules};
use pollster::block_on;
use std::collections::BTreeMap;
use update_profiles::{Deps, run};

#[derive(Debug, Default, PartialEq)]
pub struct People {
    /// Profiles as they are stored.
    pub live: BTreeMap<Key, Vec<u8>>,
    /// Who went into whom in the end. Who was ever somebody of their own depends on the order of events.
    merged: BTreeMap<Key, Key>,
}

impl People {
    pub fn of(store: &Store) -> People {
        let mut people = People::default();
        let mut forwards = BTreeMap::new();
        store
            .each_profile(|person, _, blob| match Blob::forward_of(blob).unwrap() {
                Some(into) => drop(forwards.insert(person, into)),
                None => drop(people.live.insert(person, blob.to_vec())),
            })
            .unwrap();
        for (person, mut into) in forwards.clone() {
            while let Some(next) = forwards.get(&into) {
                into = *next;
            }
            assert!(people.live.contains_key(&into), "{person} went into nobody");
            people.merged.insert(person, into);
        }
        people
    }

    /// What events come to in an empty store, in batches of so many.
    pub fn replay(events: &[&Event<'_>], batch: usize) -> People {
        let store = Store::in_memory(Sealer::new(&[2; 32])).unwrap();
        for events in events.chunks(batch.max(1)) {
            let events: Vec<Event<'_>> = events.iter().map(|event| (*event).clone()).collect();
            let outcome = block_on(run(
                &Deps { store: &store, wanted: &|_| false, rules: &IdentityRules::default() },
                &events,
            ))
            .unwrap();
            assert!(
                outcome.duplicates.is_empty() && outcome.refusals.is_empty() && outcome.failed.is_empty()
            );
        }
        People::of(&store)
    }

    /// Whether nobody went into somebody else than with the other.
    pub fn agrees(&self, other: &People) -> bool {
        self.merged.iter().all(|(person, into)| other.merged.get(person).is_none_or(|theirs| theirs == into))
    }
}
