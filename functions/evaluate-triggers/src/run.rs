//! Changed and due people against the live campaigns: load their journeys, advance, queue what to send, write.

use campaign::{
    Action, ActionQueue, Campaigns, JourneyStore, JourneyWrite, Journeys, Moment, ProfileView, Stored,
};
use event::{Event, Key, PortError};
use foldhash::HashSet;
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

    let mut actions: Vec<Action> = Vec::new();
    let mut writes: Vec<JourneyWrite> = Vec::new();
    for visit in visits {
        let merged: Vec<(Key, Option<Stored>)> = visit.merged.iter().map(|other| (*other, next())).collect();
        let own = next();
        // Journeys that can't be read are begun anew: what they would have sent can't be known.
        let read = |stored: &Stored| Journeys::decode(&stored.blob).unwrap_or_default();
        let mut journeys = own.as_ref().map_or_else(Journeys::default, read);
        for (other, theirs) in merged {
            if let Some(theirs) = theirs {
                journeys.merge(read(&theirs));
                writes.push(JourneyWrite {
                    person: other,
                    version: theirs.version,
                    blob: Vec::new(),
                    timer: None,
                });
            }
        }
        let profile = ProfileView::stored(visit.blob, now);
        actions.extend(journeys.advance(deps.campaigns, visit.person, visit.fresh, &profile, moment));
        let timer = journeys.arm(fired, deps.lateness);
        let blob = journeys.encode();
        if timer.is_some() || blob != own.as_ref().map_or(&[][..], |stored| &stored.blob) {
            let version = own.as_ref().map_or(0, |stored| stored.version);
            writes.push(JourneyWrite { person: visit.person, version, blob, timer });
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
