//! All of one person: found in the tables, and removed from them.

use crate::actions::{QUEUE, QUEUE_KEY, time_of};
use crate::ledger::{CAPS, CLAIMS, LEDGER, LEDGER_OF, SENDS};
use crate::overlay::{identity_key, timer_of};
use crate::people::owner_of;
use crate::store::{IDENTITIES, IDENTITY_LOG, JOURNEYS, PROFILES, Store, TIMERS, failed};
use campaign::{Action, CampaignErasure, CampaignsErased, Held, LedgerEntry};
use event::{Identifier, IdentifierKind, Key, PortError};
use person::{PeopleErased, PeopleErasure, PersonRow};
use redb::{ReadableTable, WriteTransaction};
use std::collections::BTreeSet;

impl PeopleErasure for Store {
    async fn each_row(&self, mut visit: impl FnMut(PersonRow<'_>)) -> Result<(), PortError> {
        self.each_profile(|person, version, blob| visit(PersonRow::Profile { person, version, blob }))?;
        self.within(|transaction| {
            let overlay = self.overlay.borrow();
            let table = transaction.open_table(IDENTITIES)?;
            for entry in table.iter()? {
                let (key, row) = entry?;
                let Some(identifier) = identifier_of(key.value()) else { continue };
                if overlay.identities.contains_key(&identifier) {
                    continue;
                }
                if let Some(owner) = owner_of(row.value()) {
                    visit(PersonRow::Identity { identifier, owner });
                }
            }
            for (identifier, owner) in &overlay.identities {
                visit(PersonRow::Identity { identifier: *identifier, owner: *owner });
            }
            Ok(())
        })
    }

    async fn erase_people(
        &self,
        people: &[Key],
        identifiers: &[Identifier],
    ) -> Result<PeopleErased, PortError> {
        let mut erased = PeopleErased::default();
        let mut overlay = self.overlay.borrow_mut();
        self.within(|transaction| {
            // What the overlay holds goes to the tables first, so that each row is in one place.
            overlay.flush(transaction)?;
            overlay.forget(people);
            let mut logs = transaction.open_table(IDENTITY_LOG)?;
            for person in people {
                logs.remove(&person.0)?;
            }
            let mut profiles = transaction.open_table(PROFILES)?;
            for person in people {
                erased.profiles += u64::from(profiles.remove(&person.0)?.is_some());
            }
            let mut identities = transaction.open_table(IDENTITIES)?;
            for identifier in identifiers {
                erased.identities += u64::from(identities.remove(&identity_key(*identifier))?.is_some());
            }
            Ok(())
        })?;
        Ok(erased)
    }
}

impl CampaignErasure for Store {
    async fn waiting(&self, people: &[Key]) -> Result<Vec<Held>, PortError> {
        let waiting = self.within(|transaction| actions_of(transaction, people))?;
        Ok(waiting.into_iter().map(|(_, held)| held).collect())
    }

    async fn entries(&self, people: &[Key]) -> Result<Vec<LedgerEntry>, PortError> {
        let mut entries = Vec::new();
        for person in people {
            entries.extend(self.ledger_of(*person)?);
        }
        entries.sort_by_key(|entry| (entry.at, entry.action));
        Ok(entries)
    }

    async fn erase_campaigns(&self, people: &[Key]) -> Result<CampaignsErased, PortError> {
        let theirs: BTreeSet<Key> = people.iter().copied().collect();
        let mut erased = CampaignsErased::default();
        let entries = self.entries(people).await?;
        let mut overlay = self.overlay.borrow_mut();
        self.within(|transaction| {
            overlay.flush(transaction)?;
            overlay.forget(people);
            let mut journeys = transaction.open_table(JOURNEYS)?;
            for person in people {
                erased.journeys += u64::from(journeys.remove(&person.0)?.is_some());
            }
            let mut timers = transaction.open_table(TIMERS)?;
            timers.retain(|timer, ()| {
                let goes = theirs.contains(&timer_of(timer).person);
                erased.timers += u64::from(goes);
                !goes
            })?;
            let waiting = actions_of(transaction, people)?;
            let mut actions = transaction.open_table(QUEUE)?;
            for (key, _) in &waiting {
                erased.actions += u64::from(actions.remove(key)?.is_some());
            }
            let mut ledger = transaction.open_table(LEDGER)?;
            let mut claims = transaction.open_table(CLAIMS)?;
            for entry in &entries {
                let claim = claims.remove(&entry.action.0)?.is_some();
                let settled = ledger.remove(&entry.action.0)?.is_some();
                erased.ledger += u64::from(claim || settled);
            }
            let mut of_person = transaction.open_table(LEDGER_OF)?;
            of_person.retain(|key, ()| !theirs.contains(&leading(key)))?;
            let mut caps = transaction.open_table(CAPS)?;
            caps.retain(|key, _| {
                let goes = theirs.contains(&leading(key));
                erased.caps += u64::from(goes);
                !goes
            })?;
            let mut sends = transaction.open_table(SENDS)?;
            for person in people {
                erased.caps += u64::from(sends.remove(&person.0)?.is_some());
            }
            Ok(())
        })?;
        Ok(erased)
    }
}

/// The queued actions of these people, by their keys.
fn actions_of(
    transaction: &WriteTransaction,
    people: &[Key],
) -> Result<Vec<([u8; QUEUE_KEY], Held)>, redb::Error> {
    let table = transaction.open_table(QUEUE)?;
    let mut found = Vec::new();
    for entry in table.iter()? {
        let (key, bytes) = entry?;
        let action = Action::decode(bytes.value())
            .map_err(|error| redb::Error::Corrupted(failed(error).to_string()))?;
        if people.contains(&action.person) {
            let until = time_of(key.value());
            found.push((*key.value(), Held { until, action }));
        }
    }
    Ok(found)
}

/// The person that a key begins with.
fn leading(key: &[u8]) -> Key {
    key.first_chunk().map(|person| Key(*person)).unwrap_or_default()
}

fn identifier_of(row: &[u8; 17]) -> Option<Identifier> {
    let kind = IdentifierKind::all().find(|kind| *kind as u8 == row[0])?;
    Some(Identifier { kind, key: Key(row[1..].try_into().ok()?) })
}
