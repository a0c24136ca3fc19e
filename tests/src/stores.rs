//! What functions left on AWS.

use crate::State;
use aws::{Aws, LakeBucket, LedgerTable, People, QuarantineBucket, Seals};
use event::{Identifier, QuarantineStore};
use lake::LakeStore;
use person::IdentityStore;

/// The names of what holds the state.
pub struct Stores<'n> {
    pub profiles: &'n str,
    pub ledger: &'n str,
    pub caps: &'n str,
    /// Buckets.
    pub data: &'n str,
    pub quarantine: &'n str,
    /// The ARN of what intake seals under, where it does.
    pub vault_key: Option<&'n str>,
}

impl Stores<'_> {
    /// Reads everything; the owners are those of `browsers`.
    ///
    /// # Panics
    /// Where something can't be read.
    pub async fn state(&self, aws: &Aws, browsers: &[Identifier]) -> State {
        let mut state = State::default();
        let people = People::new(aws, self.profiles);
        people.each_profile(|person, _, blob| state.profile(person, blob)).await.unwrap();
        state.owners = people.owners(browsers).await.unwrap();
        let ledger = LedgerTable::new(aws, self.ledger, self.caps);
        ledger.each_entry(|entry| drop(state.ledger.insert(entry.action, entry))).await.unwrap();
        let quarantine = QuarantineBucket::new(aws, self.quarantine);
        let quarantine = match self.vault_key {
            Some(key) => quarantine.sealed(Seals::new(aws, key)),
            None => quarantine,
        };
        quarantine.each(|_, record| state.quarantined(record)).await.unwrap();
        let lake = LakeBucket::new(aws, self.data);
        for path in lake.list(lake::EVENTS).await.unwrap() {
            state.archived(&path, lake.open(&path).await.unwrap());
        }
        state
    }
}
