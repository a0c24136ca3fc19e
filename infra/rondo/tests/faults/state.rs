//! Everything that an installation has come to, to be compared with another's.

use embedded::{Keys, LakeFolder, Sealer, Store};
use event::{Identifier, Key, Vault};
use lake::LakeStore;
use person::{IdentityStore, Owner};
use pollster::block_on;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[derive(PartialEq, Default)]
pub struct State {
    /// Person → stored blob. Versions tell how often something was written, which may differ.
    pub profiles: BTreeMap<Key, Vec<u8>>,
    pub owners: BTreeMap<Identifier, Option<Owner>>,
    pub vault: BTreeMap<(Identifier, String), String>,
    /// Source, code, field, reason and record.
    pub quarantine: BTreeSet<(String, &'static str, String, String, Vec<u8>)>,
    /// Each row's message id and event in wire form, in the order of files and rows.
    pub lake: Vec<(String, Vec<u8>)>,
}

impl State {
    pub fn of(data: &Path) -> State {
        let mut state = State::default();
        let keys = Keys::open(&data.join("keys")).unwrap();
        let store = Store::open(&data.join("store.redb"), Sealer::new(&keys.vault)).unwrap();
        store
            .each_profile(|person, _, blob| assert!(state.profiles.insert(person, blob.to_vec()).is_none()))
            .unwrap();
        for record in store.quarantined().unwrap() {
            let (rejection, original) = (record.rejection, record.original);
            let code = rejection.code.as_str();
            assert!(state.quarantine.insert((
                record.source,
                code,
                rejection.field,
                rejection.reason,
                original
            )));
        }
        let lake = LakeFolder::new(data.join("lake"));
        let mut identifiers = BTreeSet::new();
        for path in block_on(lake.list(lake::EVENTS)).unwrap() {
            lake::replay(&path, block_on(lake.open(&path)).unwrap(), |archived| {
                let mut wire = Vec::new();
                archived.event.encode(&mut wire);
                state.lake.push((archived.event.message_id.to_string(), wire));
                identifiers.extend(archived.event.identifiers.iter().copied());
            })
            .unwrap();
        }
        let identifiers: Vec<Identifier> = identifiers.into_iter().collect();
        let owners = block_on(store.owners(&identifiers)).unwrap();
        state.owners = identifiers.iter().copied().zip(owners).collect();
        for identifier in identifiers {
            for field in ["email", "phone", "first_name", "name"] {
                if let Some(value) = block_on(Vault::get(&store, identifier, field)).unwrap() {
                    state.vault.insert((identifier, field.to_owned()), value);
                }
            }
        }
        state
    }

    /// The message ids in the lake, which must not repeat.
    pub fn message_ids(&self) -> BTreeSet<String> {
        let ids: BTreeSet<String> = self.lake.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(ids.len(), self.lake.len(), "an event is in the lake twice");
        ids
    }

    /// Lines and codes of what is in quarantine.
    pub fn refused(&self) -> Vec<(usize, &'static str)> {
        let line = |source: &str| source.rsplit(':').next().unwrap().parse().unwrap();
        let mut refused: Vec<_> = self.quarantine.iter().map(|record| (line(&record.0), record.1)).collect();
        refused.sort();
        refused
    }

    /// Fails where two installations differ in anything but versions and the order of the lake.
    pub fn assert_same(&self, other: &State) {
        let sorted = |state: &State| -> BTreeMap<String, Vec<u8>> { state.lake.iter().cloned().collect() };
        assert!(sorted(self) == sorted(other), "the lakes differ");
        assert_eq!(self.lake.len(), other.lake.len());
        assert_eq!(self.profiles.len(), other.profiles.len(), "profiles");
        for (person, blob) in &self.profiles {
            assert!(other.profiles.get(person) == Some(blob), "the profile of {person} differs");
        }
        assert!(self.owners == other.owners, "identities differ");
        assert!(self.vault == other.vault, "the vaults differ");
        assert!(self.quarantine == other.quarantine, "the quarantines differ");
    }
}

/// Copies an installation's keys: the same identifiers get the same hashes then.
pub fn copy_keys(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("keys")).unwrap();
    for name in ["hash.key", "vault.key"] {
        fs::copy(from.join("keys").join(name), to.join("keys").join(name)).unwrap();
    }
}
