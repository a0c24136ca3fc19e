//! What a run leaves behind, wherever it ran.

use campaign::{LedgerEntry, LedgerState};
use event::Key;
use parquet::file::reader::ChunkReader;
use person::{Blob, Owner};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that has to be equal.
#[derive(Default)]
pub struct State {
    /// Stored profiles by person, without forwarding pointers.
    pub profiles: BTreeMap<Key, Vec<u8>>,
    /// Whose the browsers are, in the order of the workload's.
    pub owners: Vec<Option<Owner>>,
    /// Entries by action.
    pub ledger: BTreeMap<Key, LedgerEntry>,
    /// Events in wire form, each once.
    pub lake: BTreeSet<Vec<u8>>,
    /// Refused records: source, code, field, original.
    pub quarantine: BTreeSet<(String, &'static str, String, Vec<u8>)>,
}

impl State {
    /// How many events the profiles hold.
    pub fn events(&self) -> u64 {
        let count = |blob: &Vec<u8>| match Blob::decode(blob) {
            Ok(Blob::Profile(profile)) => profile.events,
            _ => 0,
        };
        self.profiles.values().map(count).sum()
    }

    /// How many messages were sent or refused for good.
    pub fn decided(&self) -> usize {
        let last = |entry: &&LedgerEntry| matches!(entry.state, LedgerState::Sent | LedgerState::Refused);
        self.ledger.values().filter(last).count()
    }

    /// Takes a stored blob, unless it only points elsewhere.
    pub fn profile(&mut self, person: Key, blob: &[u8]) {
        if Blob::forward_of(blob).expect("a stored blob").is_none() {
            self.profiles.insert(person, blob.to_vec());
        }
    }

    /// Takes the events of a file of the lake.
    pub fn archived<R: ChunkReader + 'static>(&mut self, path: &str, file: R) {
        lake::replay(path, file, |archived| {
            let mut wire = Vec::new();
            archived.event.encode(&mut wire);
            self.lake.insert(wire);
        })
        .unwrap();
    }

    /// Takes a refused record.
    pub fn quarantined(&mut self, record: event::Quarantined) {
        let rejection = record.rejection;
        self.quarantine.insert((record.source, rejection.code.as_str(), rejection.field, record.original));
    }

    /// Ends the test where anything differs, but for the receipts of messages.
    pub fn assert_equal(&self, other: &State) {
        // What became of messages is an event of the people they went to.
        let entries = |state: &State| {
            let entries =
                state.ledger.values().map(|entry| LedgerEntry { receipt: String::new(), ..entry.clone() });
            entries.collect::<Vec<_>>()
        };
        assert_eq!(entries(self), entries(other), "the ledger");
        let people = |state: &State| state.profiles.keys().copied().collect::<Vec<_>>();
        assert_eq!(people(self), people(other), "the people");
        for (person, blob) in &self.profiles {
            let (ours, theirs) =
                (Blob::decode(blob).unwrap(), Blob::decode(&other.profiles[person]).unwrap());
            assert_eq!(ours, theirs, "the profile of {person}");
            assert!(*blob == other.profiles[person], "the bytes of the profile of {person}");
        }
        assert_eq!(self.owners, other.owners, "whose the browsers are");
        if let Some(wire) = self.lake.symmetric_difference(&other.lake).next() {
            let where_it_is = if self.lake.contains(wire) { "only here" } else { "missing here" };
            panic!("an event of the lake is {where_it_is}: {:?}", event::Event::decode(wire).unwrap());
        }
        assert_eq!(self.quarantine, other.quarantine, "the quarantine");
    }
}
