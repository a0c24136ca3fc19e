//! All of one person in the table of people: found, and removed.

use super::log::place;
use super::{People, WHAT, kind_of, stored};
use crate::batch_get::{Consistency, batch_get};
use crate::batch_write::{batch_write, delete};
use crate::failure::failure;
use crate::item::{Item, binary, key_of};
use event::{Identifier, Key, PortError};
use person::attribute::{INTO, INTO_KIND, KIND, PERSON, PROFILE};
use person::{Owner, PeopleErased, PeopleErasure, PersonRow};
use std::collections::BTreeSet;

impl PeopleErasure for People {
    /// Reads the whole table, one page after another: it costs half a read unit for every 4 KB.
    async fn each_row(&self, mut visit: impl FnMut(PersonRow<'_>)) -> Result<(), PortError> {
        let scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let mut pages = scan.into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page.map_err(|error| failure(WHAT, error))?.items() {
                let Some(key) = key_of(item, PERSON) else { continue };
                if let Some(stored) = stored(item)? {
                    visit(PersonRow::Profile { person: key, version: stored.version, blob: &stored.blob });
                }
                if let Some((identifier, owner)) = identity(item, key) {
                    visit(PersonRow::Identity { identifier, owner });
                }
            }
        }
        Ok(())
    }

    async fn erase_people(
        &self,
        people: &[Key],
        identifiers: &[Identifier],
    ) -> Result<PeopleErased, PortError> {
        let keys: BTreeSet<Key> =
            people.iter().copied().chain(identifiers.iter().map(|identifier| identifier.key)).collect();
        let keys = keys.into_iter();
        let items = batch_get(&self.client, WHAT, &self.table, PERSON, Consistency::Strong, keys).await?;
        let mut erased = PeopleErased::default();
        let mut deletes = Vec::with_capacity(items.len());
        for (key, item) in &items {
            // An item may be a forwarding pointer and that of an identifier at once.
            erased.profiles += u64::from(item.contains_key(PROFILE));
            erased.identities += u64::from(item.contains_key(INTO) || item.contains_key(PROFILE));
            deletes.push(delete(Item::from([(PERSON.to_owned(), binary(key.0))])));
        }
        // Their identity logs, each beside its person; some have none.
        deletes.extend(
            people
                .iter()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .map(|person| delete(Item::from([(PERSON.to_owned(), binary(place(*person).0))]))),
        );
        batch_write(&self.client, WHAT, &self.table, deletes).await?;
        Ok(erased)
    }
}

/// Whose an identifier is, where the item says it.
fn identity(item: &Item, key: Key) -> Option<(Identifier, Owner)> {
    let owner = Owner { kind: kind_of(item, INTO_KIND)?, person: key_of(item, INTO)? };
    Some((Identifier { kind: kind_of(item, KIND)?, key }, owner))
}
