//! The access log, read.

use crate::{Deps, PrivacyError, Stores};
use event::{ACCESS_LOG, AccessEntry, Key, PrivacyStore};

/// The entries about these people, or all where there are none, oldest first.
pub async fn entries<S: Stores>(
    deps: &Deps<'_, S>,
    people: &[Key],
) -> Result<Vec<AccessEntry>, PrivacyError> {
    let people: Vec<String> = people.iter().map(Key::to_string).collect();
    let mut entries = Vec::new();
    for path in deps.files.list(ACCESS_LOG).await? {
        let Some(stored) = deps.files.get(&path).await? else { continue };
        let entry: AccessEntry = serde_json::from_slice(&stored.bytes)
            .map_err(|error| PrivacyError::damaged("the access log", format!("{path}: {error}")))?;
        if people.is_empty() || entry.person.as_ref().is_some_and(|person| people.contains(person)) {
            entries.push(entry);
        }
    }
    entries.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok(entries)
}
