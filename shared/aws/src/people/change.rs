//! One person's write: the profile, those merged into it, and the identifiers linked to it.

use super::WHAT;
use super::transaction::{put, transact};
use crate::item::{Item, binary, number};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use event::{Identifier, Key, PortError, encode_envelopes};
use person::attribute::{FRESH, INTO, INTO_KIND, KIND, MERGED, PERSON, PROFILE, VERSION};
use person::{Blob, Merged, Owner, Profile, ProfileWrite};
use std::collections::BTreeSet;

/// The most actions of a transaction.
const ACTIONS: usize = 100;
/// The most people whose state one write takes up: their pointers, the profile and its log are one transaction, and a
/// condition compares with no more than a hundred values.
const MERGES: usize = ACTIONS - 2;
/// How many bytes of fresh events an item holds: with its profile it stays far below the 400 KB that an item may have.
const FRESH_BYTES: usize = 125_000;

/// Writes a person; false where a condition failed, and then nothing was written. Beyond a hundred actions the
/// identifiers are linked first, in transactions of their own: should the profile fail afterwards, they point to the
/// person already, and the next attempt finds them so.
pub(super) async fn write(client: &Client, table: &str, write: ProfileWrite<'_>) -> Result<bool, PortError> {
    if write.merged.len() > MERGES {
        // They can't go in one step, and in two a crash between them would lose or double somebody's state.
        return Ok(false);
    }
    let links = links(table, &write)?;
    let pointers: Vec<TransactWriteItem> =
        write.merged.iter().map(|merged| pointer(table, *merged, write.owner)).collect::<Result<_, _>>()?;
    let log = super::log::append(table, write.person, &write.log)?;
    let (together, before) = match 2 + pointers.len() + links.len() <= ACTIONS {
        true => (links, Vec::new()),
        false => (Vec::new(), links),
    };
    for links in before.chunks(ACTIONS) {
        if !transact(client, links.to_vec()).await? {
            return Ok(false);
        }
    }

    let mut parts = parts(encode_envelopes(write.fresh.iter().copied()));
    let last = parts.pop().unwrap_or_default();
    let mut version = write.version;
    for part in parts {
        if !announce(client, table, &write, version, part).await? {
            return Ok(false);
        }
        version += 1;
    }
    let profile = profile(table, &write, version, last)?;
    if pointers.is_empty() && together.is_empty() && log.is_none() {
        return put(client, profile).await;
    }
    let profile = TransactWriteItem::builder().put(profile).build();
    transact(client, std::iter::once(profile).chain(pointers).chain(log).chain(together).collect()).await
}

/// The profile on its version.
fn profile(
    table: &str,
    write: &ProfileWrite<'_>,
    version: u64,
    fresh: Vec<Vec<u8>>,
) -> Result<Put, PortError> {
    let mut item = head(write.person, write.owner.kind, version + 1);
    item.insert(PROFILE.to_owned(), binary(write.blob.as_ref()));
    if let Some(fresh) = fresh_value(fresh) {
        item.insert(FRESH.to_owned(), fresh);
    }
    if !write.merged.is_empty() {
        let merged: Vec<u8> = write.merged.iter().flat_map(|merged| merged.owner.person.0).collect();
        item.insert(MERGED.to_owned(), binary(merged));
    }
    on_version(table, item, version)
}

/// What somebody who goes into `into` leaves, on their own version.
fn pointer(table: &str, merged: Merged, into: Owner) -> Result<TransactWriteItem, PortError> {
    let mut item = head(merged.owner.person, merged.owner.kind, merged.version + 1);
    item.insert(PROFILE.to_owned(), binary(Blob::forward(into.person)));
    item.insert(INTO.to_owned(), binary(into.person.0));
    item.insert(INTO_KIND.to_owned(), number(into.kind as u8));
    Ok(TransactWriteItem::builder().put(on_version(table, item, merged.version)?).build())
}

pub(super) fn head(person: Key, kind: event::IdentifierKind, version: u64) -> Item {
    Item::from([
        (PERSON.to_owned(), binary(person.0)),
        (KIND.to_owned(), number(kind as u8)),
        (VERSION.to_owned(), number(version)),
    ])
}

/// An item in the place of the one with this version; of none at all where it is 0.
fn on_version(table: &str, item: Item, version: u64) -> Result<Put, PortError> {
    let put = Put::builder().table_name(table).set_item(Some(item));
    let put = match version {
        0 => put.condition_expression("attribute_not_exists(#p)").expression_attribute_names("#p", PERSON),
        version => put
            .condition_expression("#v = :v")
            .expression_attribute_names("#v", VERSION)
            .expression_attribute_values(":v", number(version)),
    };
    put.build().map_err(incomplete)
}

/// The pointers of identifiers, each on the condition that it is nobody's yet, the person's already, or of somebody
/// who is merged into the person. The items of those are written as forwarding pointers, and a person's own
/// identifier needs none.
fn links(table: &str, write: &ProfileWrite<'_>) -> Result<Vec<TransactWriteItem>, PortError> {
    let written: BTreeSet<Key> =
        write.merged.iter().map(|merged| merged.owner.person).chain([write.person]).collect();
    let mut links: Vec<Identifier> =
        write.links.iter().copied().filter(|id| !written.contains(&id.key)).collect();
    links.sort_unstable();
    links.dedup_by_key(|identifier| identifier.key);
    let owners: Vec<String> = (0..written.len()).map(|n| format!(":o{n}")).collect();
    let condition = format!("attribute_not_exists(#p) OR #i IN ({})", owners.join(", "));
    let link = |identifier: Identifier| {
        // An update, since the item may be the forwarding pointer of an earlier merge: it stays one.
        let mut update = Update::builder()
            .table_name(table)
            .key(PERSON, binary(identifier.key.0))
            .update_expression("SET #k = :k, #i = :i, #ik = :ik ADD #v :one")
            .condition_expression(&condition)
            .expression_attribute_names("#p", PERSON)
            .expression_attribute_names("#k", KIND)
            .expression_attribute_names("#i", INTO)
            .expression_attribute_names("#ik", INTO_KIND)
            .expression_attribute_names("#v", VERSION)
            .expression_attribute_values(":k", number(identifier.kind as u8))
            .expression_attribute_values(":i", binary(write.owner.person.0))
            .expression_attribute_values(":ik", number(write.owner.kind as u8))
            .expression_attribute_values(":one", number(1));
        for (name, owner) in owners.iter().zip(&written) {
            update = update.expression_attribute_values(name, binary(owner.0));
        }
        let update = update.build().map_err(incomplete)?;
        Ok(TransactWriteItem::builder().update(update).build())
    };
    links.into_iter().map(link).collect()
}

/// Puts fresh events on the change stream that do not fit beside the others, on the version, and leaves the profile
/// as it is: until the profile holds them, the same events are applied, and announced, again.
async fn announce(
    client: &Client,
    table: &str,
    write: &ProfileWrite<'_>,
    version: u64,
    fresh: Vec<Vec<u8>>,
) -> Result<bool, PortError> {
    let mut nothing_known = Vec::new();
    Profile::default().encode(&mut nothing_known);
    let update = Update::builder()
        .table_name(table)
        .key(PERSON, binary(write.person.0))
        .update_expression("SET #k = :k, #b = if_not_exists(#b, :b), #f = :f, #v = :next REMOVE #m")
        .expression_attribute_names("#k", KIND)
        .expression_attribute_names("#b", PROFILE)
        .expression_attribute_names("#f", FRESH)
        .expression_attribute_names("#v", VERSION)
        .expression_attribute_names("#m", MERGED)
        .expression_attribute_values(":k", number(write.owner.kind as u8))
        .expression_attribute_values(":b", binary(nothing_known))
        .expression_attribute_values(":f", AttributeValue::L(fresh.into_iter().map(binary).collect()))
        .expression_attribute_values(":next", number(version + 1));
    let update = match version {
        0 => update.condition_expression("attribute_not_exists(#p)").expression_attribute_names("#p", PERSON),
        version => update.condition_expression("#v = :v").expression_attribute_values(":v", number(version)),
    };
    let update = update.build().map_err(incomplete)?;
    transact(client, vec![TransactWriteItem::builder().update(update).build()]).await
}

/// Envelopes in parts that an item has room for.
fn parts(envelopes: Vec<Vec<u8>>) -> Vec<Vec<Vec<u8>>> {
    let mut parts: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut bytes = 0;
    for envelope in envelopes {
        bytes += envelope.len();
        match parts.last_mut() {
            Some(part) if bytes <= FRESH_BYTES => part.push(envelope),
            _ => {
                bytes = envelope.len();
                parts.push(vec![envelope]);
            }
        }
    }
    parts
}

fn fresh_value(mut envelopes: Vec<Vec<u8>>) -> Option<AttributeValue> {
    match envelopes.len() {
        0 => None,
        1 => envelopes.pop().map(binary),
        _ => Some(AttributeValue::L(envelopes.into_iter().map(binary).collect())),
    }
}

pub(super) fn incomplete(error: impl std::fmt::Display) -> PortError {
    PortError::Failed { what: WHAT, reason: error.to_string() }
}
