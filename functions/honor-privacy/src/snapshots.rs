//! A person's rows in the snapshots of profiles.

use crate::subject::Subject;
use crate::{Deps, PrivacyError, Stores};
use event::Key;
use lake::{LakeStore, PROFILES, Snapshot, without_rows};
use person::Blob;

/// Takes these people out of every part of every snapshot, and rows of others in which an identifier of theirs stands, each
/// part replaced as one step; returns how many rows that were. Others are found by the next snapshot again. A run after a
/// crash takes out what is left.
///
/// A snapshot that is being taken leaves out who is on the privacy list; a part that was read before and put afterwards is
/// found by the next sweep.
///
/// # Errors
/// A lake that can't be read or written, or a damaged part: it is named, and is to be removed.
pub async fn erase<S: Stores>(deps: &Deps<'_, S>, subject: &Subject) -> Result<u64, PrivacyError> {
    let goes = |person: Key, blob: &[u8]| {
        subject.people.contains(&person) || subject.identifiers.iter().any(|own| Blob::mentions(blob, *own))
    };
    let mut removed = 0;
    for path in deps.lake.list(PROFILES).await? {
        if Snapshot::taken_at_of(&path).is_none() {
            continue;
        }
        let file = deps.lake.open(&path).await?;
        if let Some((rows, rest)) = without_rows(&path, file, goes)? {
            deps.lake.put(&rest).await?;
            removed += rows;
        }
    }
    Ok(removed)
}
