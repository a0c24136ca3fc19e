//! Who an id stands for.

use crate::installation::Installation;
use anyhow::{Context, Result, bail};
use event::{Arrival, Identifier, IdentifierKind, Key};
use person::{Blob, IdentityStore, ProfileStore, Stored};
use pollster::block_on;
use serde_json::json;

/// How many merges one after the other are followed.
const MAX_HOPS: usize = 16;

/// A person that was found.
pub struct Found {
    pub person: Key,
    pub stored: Stored,
    /// What the id is to them; nothing for a person's own key.
    pub kind: Option<IdentifierKind>,
    /// The person they were before a merge, where the id stands for that one.
    pub merged_from: Option<Key>,
}

/// Finds the person of a user id, an anonymous id, an e-mail address, a phone number, any other identifier, or a
/// person's key.
pub fn find_person(installation: &Installation, id: &str) -> Result<Found> {
    if let Some(key) = Key::parse(id.trim()) {
        if let Some(found) = load(installation, key, None)? {
            return Ok(found);
        }
        let hashes: Vec<Identifier> = IdentifierKind::all().map(|kind| Identifier { kind, key }).collect();
        if let Some(found) = owner_of(installation, &hashes)? {
            return Ok(found);
        }
    }
    let identifiers = identifiers(installation, id);
    if let Some(user) = identifiers.iter().find(|identifier| identifier.kind == IdentifierKind::User)
        && let Some(found) = load(installation, user.key, Some(user.kind))?
    {
        return Ok(found);
    }
    if let Some(found) = owner_of(installation, &identifiers)? {
        return Ok(found);
    }
    bail!(
        "nobody is known by `{id}`: not as a user id, anonymous id, e-mail address, phone number, other identifier, or \
         person's key"
    )
}

fn owner_of(installation: &Installation, identifiers: &[Identifier]) -> Result<Option<Found>> {
    let owners = block_on(installation.pump.store.owners(identifiers))?;
    for (identifier, owner) in identifiers.iter().zip(owners) {
        if let Some(owner) = owner
            && let Some(found) = load(installation, owner.person, Some(identifier.kind))?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Every identifier that a text could be, cleaned and hashed as the intake does it.
fn identifiers(installation: &Installation, id: &str) -> Vec<Identifier> {
    let mut external: Vec<_> = ["unionId", "openId", "memberCard", "email", "phone"]
        .map(|kind| json!({"type": kind, "id": id}))
        .into();
    if let Some((scope, id)) = id.split_once(':') {
        external.push(json!({"type": scope, "id": id}));
    }
    let record = json!({
        "type": "track", "event": "Looked Up", "userId": id, "anonymousId": id,
        "context": {"device": {"id": id}, "externalIds": external},
    });
    let record = record.to_string();
    let parsed = installation.parser.without_rules().parse(record.as_bytes(), "", Arrival::Live { now: 0 });
    parsed.map(|parsed| parsed.event.identifiers.to_vec()).unwrap_or_default()
}

/// The person of a key, or the one that they went into.
fn load(installation: &Installation, key: Key, kind: Option<IdentifierKind>) -> Result<Option<Found>> {
    let mut person = key;
    for _ in 0..MAX_HOPS {
        let Some(stored) = block_on(installation.pump.store.load(&[person]))?.pop().flatten() else {
            return Ok(None);
        };
        match Blob::forward_of(&stored.blob).context("the person's stored profile is damaged")? {
            Some(next) => person = next,
            None => {
                return Ok(Some(Found { person, stored, kind, merged_from: (person != key).then_some(key) }));
            }
        }
    }
    bail!("the merges of this person go in a circle; replay their events")
}
