//! All profiles into the lake, a part at a time.

use crate::progress::Row;
use crate::{Deps, Outcome, RunError};
use campaign::RunStore;
use event::{HOUR, Key, Privacy};
use lake::{LakeErasure, PROFILES, Snapshot, SnapshotPart};
use person::{Blob, Profile, ProfileScan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many people a part has at most.
const PART: usize = 10_000;

/// How old a snapshot under way may become, ms; then another is begun.
const GIVEN_UP: i64 = 6 * HOUR;

/// The row of the snapshot under way; no campaign can have the name.
const ROW: &str = "*snapshot";

#[derive(Serialize, Deserialize)]
struct UnderWay {
    taken_at: i64,
    /// Behind which the store is read next.
    place: Vec<u8>,
    parts: u32,
    people: u64,
}

/// Writes the next part of a snapshot; after the last, makes it the latest, and removes those that nobody needs: all
/// but those in `used`. `now` is UTC ms.
pub(crate) async fn take_part<P: ProfileScan, L: LakeErasure, R: RunStore, Q>(
    deps: &Deps<'_, P, L, R, Q>,
    used: &BTreeSet<i64>,
    now: i64,
) -> Result<Outcome, RunError> {
    let mut row = Row::<UnderWay>::load(deps, ROW).await?;
    let begun = row.value.take().filter(|begun| now - begun.taken_at < GIVEN_UP);
    let mut under_way = begun.unwrap_or(UnderWay { taken_at: now, place: Vec::new(), parts: 0, people: 0 });
    let mut part = SnapshotPart::default();
    let next = deps
        .profiles
        .page(&under_way.place, PART, |person, version, blob| {
            if belongs(deps.privacy, person, blob) {
                part.push(person, version, blob);
            }
        })
        .await?;
    let people = part.len() as u64;
    if !part.is_empty() {
        let path = Snapshot::part(under_way.taken_at, under_way.parts);
        deps.lake.put(&part.finish(path)?).await?;
        under_way.parts += 1;
        under_way.people += people;
    }
    let outcome = Outcome { snapshot: people, ..Outcome::default() };
    if let Some(place) = next {
        under_way.place = place;
        row.write(deps, Some(&under_way)).await?;
        return Ok(outcome);
    }
    let UnderWay { taken_at, parts, people, .. } = under_way;
    deps.lake.put(&Snapshot { taken_at, parts, people }.pointer()).await?;
    row.write(deps, None).await?;
    for path in deps.lake.list(PROFILES).await? {
        if Snapshot::taken_at_of(&path).is_some_and(|at| at != taken_at && !used.contains(&at)) {
            deps.lake.remove(&path).await?;
        }
    }
    Ok(outcome)
}

/// Whether a row is the profile of somebody whose data may be worked with.
fn belongs(privacy: &Privacy, person: Key, blob: &[u8]) -> bool {
    if !matches!(Blob::forward_of(blob), Ok(None)) {
        return false;
    }
    if privacy.is_empty() {
        return true;
    }
    let list = privacy.list();
    match list.get(person) {
        Some(listed) if listed.restricted => false,
        // Who came back after they were erased is somebody new.
        Some(listed) => {
            let mut profile = Profile::default();
            listed.erased_at.is_none_or(|at| profile.decode(blob).is_ok() && profile.last_seen > at)
        }
        None => true,
    }
}
