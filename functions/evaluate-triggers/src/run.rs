//! Changed and due people against the live campaigns: load their journeys, advance, queue what to send, write.

use campaign::{
    Action, ActionQueue, Campaigns, JourneyStore, JourneyWrite, Journeys, Moment, ProfileView, Stored,
};
use event::{Event, Key, PortError};
use foldhash::{HashMap, HashSet};
use person::ProfileChange;

/// How often a person whose journeys somebody else wrote meanwhile is evaluated again.
const MAX_ATTEMPTS: usize = 5;

/// What the function works with.
pub struct Deps<'d, J, A> {
    pub journeys: &'d J,
    pub actions: &'d A,
    pub campaigns: &'d Campaigns,
    /// How long after its due time a step waits for late events, ms.
    pub lateness: i64,
    /// Set while the past is being read: no step that waits is taken, since what cancels it may still be to
    /// come. Timers are set as ever, and take these steps afterwards.
    pub reading_history: bool,
}

/// What a run came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Messages that were queued.
    pub actions: u64,
    /// People whose journeys were written.
    pub writes: u64,
}

/// One person to look at.
struct Visit<'a> {
    person: Key,
    fresh: &'a [&'a Event<'a>],
    blob: &'a [u8],
    merged: &'a [Key],
}

/// Evaluates people whose profiles changed. `now` is UTC ms.
///
/// # Errors
/// A store or queue that is not available, or failed: run the same changes again. Actions have stable ids,
/// so that a repeat sends nothing twice.
pub async fn run<'a, J: JourneyStore, A: ActionQueue>(
    deps: &Deps<'_, J, A>,
    now: i64,
    changes: &'a [ProfileChange<'a>],
) -> Result<Outcome, PortError> {
    let visits = changes.iter().map(|change| Visit {
        person: change.person,
        fresh: &change.fresh,
        blob: &change.blob,
        merged: &change.merged,
    });
    evaluate(deps, now, None, visits.collect()).await
}

/// Evaluates people whose timers are due. `now` is UTC ms.
///
/// # Errors
/// As [`run`].
pub async fn run_due<J: JourneyStore, A: ActionQueue>(
    deps: &Deps<'_, J, A>,
    now: i64,
    people: &[Key],
) -> Result<Outcome, PortError> {
    let visits = people.iter().map(|person| Visit { person: *person, fresh: &[], blob: &[], merged: &[] });
    let fired = now.div_euclid(event::MINUTE).clamp(0, i64::from(u32::MAX)) as u32;
    evaluate(deps, now, Some(fired), visits.collect()).await
}

async fn evaluate<J: JourneyStore, A: ActionQueue>(
    deps: &Deps<'_, J, A>,
    now: i64,
    fired: Option<u32>,
    mut visits: Vec<Visit<'_>>,
) -> Result<Outcome, PortError> {
    let mut outcome = Outcome::default();
    visits = merged_first(visits);
    for _ in 0..MAX_ATTEMPTS {
        let again = attempt(deps, now, fired, &visits, &mut outcome).await?;
        if again.is_empty() {
            return Ok(outcome);
        }
        visits
            .retain(|visit| again.contains(&visit.person) || visit.merged.iter().any(|m| again.contains(m)));
    }
    Err(PortError::Conflict { what: "the journey table" })
}

/// What was made of a visit.
struct Looked {
    person: Key,
    stored: Option<Stored>,
    journeys: Journeys,
    /// Their journeys went to the person that they were merged into.
    moved: bool,
}

/// One pass; returns the people whose journeys were written by others meanwhile.
async fn attempt<J: JourneyStore, A: ActionQueue>(
    deps: &Deps<'_, J, A>,
    now: i64,
    fired: Option<u32>,
    visits: &[Visit<'_>],
    outcome: &mut Outcome,
) -> Result<HashSet<Key>, PortError> {
    let people: Vec<Key> =
        visits.iter().flat_map(|visit| visit.merged.iter().copied().chain([visit.person])).collect();
    // In the order of the visits: the people who were merged into each, then itself.
    let mut loaded = deps.journeys.load(&people).await?.into_iter();
    let mut next = || loaded.next().flatten();
    let lateness = if deps.reading_history { i64::MAX / 4 } else { deps.lateness };
    let moment = Moment { now, lateness };
    // Journeys that can't be read are begun anew: what they would have sent can't be known.
    let read = |stored: &Stored| Journeys::decode(&stored.blob).unwrap_or_default();

    let mut actions: Vec<Action> = Vec::new();
    let mut writes: Vec<JourneyWrite> = Vec::new();
    let mut looked: Vec<Looked> = Vec::with_capacity(visits.len());
    let merging = visits.iter().any(|visit| !visit.merged.is_empty());
    let mut places: HashMap<Key, usize> = HashMap::default();
    for visit in visits {
        let merged: Vec<(Key, Option<Stored>)> = visit.merged.iter().map(|other| (*other, next())).collect();
        let stored = next();
        let mut journeys = stored.as_ref().map_or_else(Journeys::default, read);
        for (other, theirs) in merged {
            // What the same batch made of theirs, or what was stored.
            let of_batch = places.get(&other).map(|place: &usize| &mut looked[*place]);
            if let Some(theirs) = of_batch.filter(|theirs| !theirs.moved) {
                journeys.merge(std::mem::take(&mut theirs.journeys));
                theirs.moved = true;
            } else if let Some(theirs) = theirs {
                journeys.merge(read(&theirs));
                writes.push(gone(other, theirs.version));
            }
        }
        let profile = ProfileView::stored(visit.blob, now);
        actions.extend(journeys.advance(deps.campaigns, visit.person, visit.fresh, &profile, moment));
        if merging {
            places.insert(visit.person, looked.len());
        }
        looked.push(Looked { person: visit.person, stored, journeys, moved: false });
    }
    for Looked { person, stored, mut journeys, moved } in looked {
        let version = stored.as_ref().map_or(0, |stored| stored.version);
        if moved {
            if version > 0 {
                writes.push(gone(person, version));
            }
            continue;
        }
        let timer = journeys.arm(fired, deps.lateness);
        let blob = journeys.encode();
        if timer.is_some() || blob != stored.as_ref().map_or(&[][..], |stored| &stored.blob) {
            writes.push(JourneyWrite { person, version, blob, timer });
        }
    }
    // Actions first: written journeys no longer remember what they had to send.
    if !actions.is_empty() {
        deps.actions.put(&actions).await?;
    }
    let written = writes.len();
    let conflicts: HashSet<Key> = deps.journeys.write(writes).await?.into_iter().collect();
    outcome.actions += actions.iter().filter(|action| !conflicts.contains(&action.person)).count() as u64;
    outcome.writes += (written - conflicts.len()) as u64;
    Ok(conflicts)
}

/// The write after which somebody has no journeys.
fn gone(person: Key, version: u64) -> JourneyWrite {
    JourneyWrite { person, version, blob: Vec::new(), timer: None }
}

/// Puts those who were merged before the people they went to: their own changes come first, and go with them.
fn merged_first(visits: Vec<Visit<'_>>) -> Vec<Visit<'_>> {
    if visits.iter().all(|visit| visit.merged.is_empty()) {
        return visits;
    }
    let mut left: Vec<Option<Visit<'_>>> = visits.into_iter().map(Some).collect();
    let places: HashMap<Key, usize> =
        (0..).zip(&left).filter_map(|(at, visit)| Some((visit.as_ref()?.person, at))).collect();
    let mut order = Vec::with_capacity(left.len());
    for at in 0..left.len() {
        // Each on top of those who wait for it.
        let mut open: Vec<Visit<'_>> = left[at].take().into_iter().collect();
        while let Some(visit) = open.pop() {
            let before = visit.merged.iter().find_map(|other| left[*places.get(other)?].take());
            match before {
                Some(before) => open.extend([visit, before]),
                None => order.push(visit),
            }
        }
    }
    order
}
