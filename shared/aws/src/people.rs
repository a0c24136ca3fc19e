//! Profiles and identities in one table.

mod change;
mod erasure;
mod find;
mod log;
mod reads;
mod rewrite;
mod scan;
mod transaction;

use crate::Aws;
use crate::batch_get::batch_get;
use crate::failure::failure;
use crate::item::{Item, bytes_of, key_of, number_of};
use aws_sdk_dynamodb::Client;
use event::{Identifier, IdentifierKind, Key, PortError};
use futures_util::{StreamExt, TryStreamExt, stream};
use person::attribute::{INTO, INTO_KIND, KIND, PERSON, PROFILE, VERSION};
use person::{IdentityStore, Owner, ProfileStore, ProfileWrite, Stored};
use reads::Reads;
use std::collections::HashMap;

const WHAT: &str = "the table of profiles";
/// How many people's writes are under way at once.
const WRITES: usize = 32;

/// People in a DynamoDB table with the key `person` (binary): an item an identifier's hash, with the attributes that
/// [`person::attribute`] names. It is one of
/// - a profile: `person`, `kind`, `profile`, `version`, and `fresh` and `merged` where there are any;
/// - a forwarding pointer, which a merge leaves: `person`, `kind`, `profile` (in that form), `into`, `into_kind`,
///   `version`;
/// - the pointer of an identifier that is not its person's strongest: `person`, `kind`, `into`, `into_kind`, `version`;
/// - the identity log of a person, under their key with every bit turned over: `person`, `log`.
///
/// Hashes of identifiers of two kinds differ, so that one table holds all of them.
pub struct People {
    client: Client,
    table: String,
    reads: Reads,
}

impl People {
    /// For who decides by what is read: every read sees all writes before it.
    pub fn new(aws: &Aws, table: impl Into<String>) -> People {
        People { client: aws.dynamodb(), table: table.into(), reads: Reads::strong() }
    }

    /// For one writer whose every decision is checked by the condition of its write: reads cost half, and an item is
    /// read once a batch. What they miss fails the write, and is then read again with all writes seen.
    pub fn of_writer(aws: &Aws, table: impl Into<String>) -> People {
        People { reads: Reads::of_writer(), ..People::new(aws, table) }
    }

    /// Calls `visit` with every person, version and stored blob, in no order. For tools and tests: it reads all of
    /// the table, one page after another.
    ///
    /// # Errors
    /// A table that can't be read.
    pub async fn each_profile(&self, mut visit: impl FnMut(Key, u64, &[u8])) -> Result<(), PortError> {
        let scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let mut pages = scan.into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page.map_err(|error| failure(WHAT, error))?.items() {
                if let (Some(person), Some(stored)) = (key_of(item, PERSON), stored(item)?) {
                    visit(person, stored.version, &stored.blob);
                }
            }
        }
        Ok(())
    }

    async fn items(&self, keys: impl Iterator<Item = Key>) -> Result<HashMap<Key, Item>, PortError> {
        batch_get(&self.client, WHAT, &self.table, PERSON, self.reads.consistency(), keys).await
    }
}

impl ProfileStore for People {
    async fn load(&self, people: &[Key]) -> Result<Vec<Option<Stored>>, PortError> {
        let mut items = self.reads.take(people);
        let unread: Vec<Key> = people.iter().copied().filter(|person| !items.contains_key(person)).collect();
        if !unread.is_empty() {
            let read = self.items(unread.into_iter()).await?;
            items.extend(read.into_iter().map(|(person, item)| (person, Some(item))));
        }
        let item = |person| items.get(person).and_then(Option::as_ref);
        people.iter().map(|person| item(person).map_or(Ok(None), stored)).collect()
    }

    /// An acknowledgement may be lost: the call is repeated, and then its own first attempt is what fails the
    /// condition (of a transaction, only where the endpoint does not know its request token). That person comes
    /// back as a conflict though the write is there, and no harm is done: who loads again finds the events in the
    /// profile and folds nothing, and the fresh ones among them are on the change stream by the first attempt.
    async fn write(&self, writes: Vec<ProfileWrite<'_>>) -> Result<Vec<Key>, PortError> {
        let writing = stream::iter(writes).map(async |write| {
            let person = write.person;
            let written = change::write(&self.client, &self.table, write).await?;
            Ok::<_, PortError>((!written).then_some(person))
        });
        // In the order of the writes, though they end in any.
        let conflicts: Vec<Option<Key>> = writing.buffered(WRITES).try_collect().await?;
        let conflicts: Vec<Key> = conflicts.into_iter().flatten().collect();
        self.reads.written(conflicts.is_empty());
        Ok(conflicts)
    }
}

impl IdentityStore for People {
    async fn owners(&self, identifiers: &[Identifier]) -> Result<Vec<Option<Owner>>, PortError> {
        let mut found = self.items(identifiers.iter().map(|identifier| identifier.key)).await?;
        let keys = identifiers.iter().map(|identifier| identifier.key);
        let mut items: HashMap<Key, Option<Item>> = HashMap::with_capacity(identifiers.len());
        for key in keys {
            items.entry(key).or_insert_with(|| found.remove(&key));
        }
        let item = |key| items.get(&key).and_then(Option::as_ref);
        let owners = identifiers.iter().map(|identifier| owner(item(identifier.key)?, *identifier)).collect();
        self.reads.keep(items);
        Ok(owners)
    }
}

/// The profile of an item, or its forwarding pointer; none where it is the pointer of an identifier.
fn stored(item: &Item) -> Result<Option<Stored>, PortError> {
    let Some(blob) = bytes_of(item, PROFILE) else { return Ok(None) };
    let version = number_of(item, VERSION);
    let version =
        version.ok_or_else(|| PortError::Failed { what: WHAT, reason: "an item has no version".into() })?;
    Ok(Some(Stored { version, blob: blob.into() }))
}

/// Whose an identifier is, by the item of its hash.
fn owner(item: &Item, identifier: Identifier) -> Option<Owner> {
    if kind_of(item, KIND)? != identifier.kind {
        return None;
    }
    match key_of(item, INTO) {
        Some(person) => Some(Owner { kind: kind_of(item, INTO_KIND)?, person }),
        None => bytes_of(item, PROFILE).map(|_| Owner::from(identifier)),
    }
}

fn kind_of(item: &Item, attribute: &str) -> Option<IdentifierKind> {
    let number: u8 = number_of(item, attribute)?;
    IdentifierKind::all().find(|kind| *kind as u8 == number)
}
