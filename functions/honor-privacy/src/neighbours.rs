//! An erased person's identifiers in what is kept of others.

use crate::subject::{Subject, profile_of};
use crate::{Deps, PrivacyError, Stores};
use event::{Identifier, Key, PortError, empty_tokens, tokens_in};
use person::{Blob, Owner, PeopleErasure, PersonRow, ProfileStore, ProfileWrite};

/// How often a profile that somebody else wrote meanwhile is loaded again.
const ATTEMPTS: usize = 5;

/// Takes a person's identifiers (but for devices, which others share with them) off the profiles of others, and their
/// tokens out of those profiles' texts. Returns how many profiles there were.
///
/// # Errors
/// A store that is not available, or a profile that others go on writing.
pub async fn forget<S: Stores>(deps: &Deps<'_, S>, subject: &Subject) -> Result<u64, PrivacyError> {
    let personal: Vec<Identifier> =
        subject.identifiers.iter().copied().filter(|identifier| subject.is_personal(*identifier)).collect();
    let is_theirs = |key: Key| personal.iter().any(|identifier| identifier.key == key);
    let mut neighbours: Vec<Key> = Vec::new();
    deps.people
        .each_row(|row| {
            if let PersonRow::Profile { person, blob, .. } = row
                && !subject.people.contains(&person)
                && (personal.iter().any(|identifier| Blob::mentions(blob, *identifier))
                    || tokens_in(blob).any(is_theirs))
            {
                neighbours.push(person);
            }
        })
        .await?;
    for neighbour in &neighbours {
        let mut attempts = 0;
        while !forget_in(deps, *neighbour, &is_theirs).await? {
            attempts += 1;
            if attempts == ATTEMPTS {
                return Err(PortError::Conflict { what: "the profile" }.into());
            }
        }
    }
    Ok(neighbours.len() as u64)
}

/// False where somebody else wrote the profile meanwhile.
async fn forget_in<S: Stores>(
    deps: &Deps<'_, S>,
    person: Key,
    is_theirs: &impl Fn(Key) -> bool,
) -> Result<bool, PrivacyError> {
    let Some(stored) = deps.people.load(&[person]).await?.pop().flatten() else { return Ok(true) };
    if Blob::forward_of(&stored.blob).is_ok_and(|target| target.is_some()) {
        return Ok(true);
    }
    let mut bytes = stored.blob.to_vec();
    empty_tokens(&mut bytes, is_theirs);
    let mut profile = profile_of(&bytes)?;
    profile.unlink(|identifier| is_theirs(identifier.key));
    let Some(strongest) = profile.identifiers.first().copied() else { return Ok(true) };
    let mut blob = Vec::with_capacity(bytes.len());
    profile.encode(&mut blob);
    let write = ProfileWrite {
        person,
        version: stored.version,
        blob: blob.into(),
        fresh: Vec::new(),
        log: Vec::new(),
        merged: Vec::new(),
        links: Vec::new(),
        owner: Owner { kind: strongest.kind, person },
    };
    Ok(deps.people.write(vec![write]).await?.is_empty())
}
