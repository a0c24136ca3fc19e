//! Items by key, a hundred a call.

use crate::back_off::back_off;
use crate::failure::failure;
use crate::item::{Item, binary, key_of};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use event::{Key, PortError};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::HashMap;

/// The most keys a call may ask for.
const KEYS: usize = 100;
/// How many calls are under way at once.
const CALLS: usize = 4;
/// How often what a call left unread is asked for again, until the whole is given up.
const ATTEMPTS: u32 = 8;

/// How a read may lag behind writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// It sees every write that was answered before.
    Strong,
    /// It may not see the writes of the last moments, at half the price.
    Eventual,
}

/// Reads the items of a table whose key is one attribute of sixteen bytes. Keys may repeat; one without an item is not
/// in the answer. `what` names the store in errors.
pub(crate) async fn batch_get(
    client: &Client,
    what: &'static str,
    table: &str,
    attribute: &str,
    consistency: Consistency,
    keys: impl IntoIterator<Item = Key>,
) -> Result<HashMap<Key, Item>, PortError> {
    let mut keys: Vec<Key> = keys.into_iter().collect();
    // A call that names a key twice is refused.
    keys.sort_unstable();
    keys.dedup();
    let read = |chunk| chunk_of(client, what, table, attribute, consistency, chunk);
    let chunks = stream::iter(keys.chunks(KEYS)).map(read);
    let found: Vec<Vec<Item>> = chunks.buffer_unordered(CALLS).try_collect().await?;
    let keyed = |item: Item| Some((key_of(&item, attribute)?, item));
    Ok(found.into_iter().flatten().filter_map(keyed).collect())
}

async fn chunk_of(
    client: &Client,
    what: &'static str,
    table: &str,
    attribute: &str,
    consistency: Consistency,
    keys: &[Key],
) -> Result<Vec<Item>, PortError> {
    let keys = keys.iter().map(|key| Item::from([(attribute.to_owned(), binary(key.0))])).collect();
    let strong = consistency == Consistency::Strong;
    let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(strong).build();
    let mut wanted = wanted.map_err(|error| PortError::Failed { what, reason: error.to_string() })?;
    let mut found = Vec::new();
    for attempt in 0..ATTEMPTS {
        let call = client.batch_get_item().request_items(table, wanted);
        let answer = call.send().await.map_err(|error| failure(what, error))?;
        let items = answer.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
        let progress = !items.is_empty();
        found.extend(items);
        match answer.unprocessed_keys.and_then(|mut tables| tables.remove(table)) {
            Some(left) if !left.keys.is_empty() => wanted = left,
            _ => return Ok(found),
        }
        back_off(if progress { 0 } else { attempt }).await;
    }
    Err(PortError::Unavailable { what, reason: format!("keys were left unread {ATTEMPTS} times") })
}
