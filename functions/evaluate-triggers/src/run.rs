//! Changed and due people against the live campaigns: load their journeys, advance, queue what to send, write.

use campaign::{
    Action, ActionQueue, Campaign, Campaigns, JourneyStore, JourneyWrite, Journeys, Moment, ProfileView,
    SendsStore, Starts, Stored,
};
use event::{Event, Key, PortError, Privacy};
use foldhash::{HashMap, HashSet};
use jiff::tz::TimeZone;
use person::{Blob, ProfileChange, ProfileStore};
use std::sync::Arc;

/// How often a person whose journeys somebody else wrote meanwhile is evaluated again.
const MAX_ATTEMPTS: usize = 5;

/// After how many minutes it is looked again at somebody whose journeys stand still.
const LOOK_AGAIN: u32 = 60;

/// What the function works with.
pub struct Deps<'d, J, A, P, S> {
    pub journeys: &'d J,
    /// What counts against caps, which is joined where people turn out to be one.
    pub sends: &'d S,
    pub actions: &'d A,
    /// Read for people whose timers are due, or whom run-campaigns selected; a change brings its own.
    pub profiles: &'d P,
    pub campaigns: &'d Campaigns,
    /// The calendar of people who told no time zone of their own.
    pub zone: &'d TimeZone,
    /// How long after its due time a step waits for late events, ms.
    pub lateness: i64,
    /// Set while the past is being read: no step that waits is taken, since what cancels it may still be to
    /// come. Timers are set as ever, and take these steps afterwards.
    pub reading_history: bool,
    /// Whose journeys stand still, since their data may not be worked with; nobody's where there is no list.
    pub privacy: Option<&'d Privacy>,
}

impl<J, A, P, S> Deps<'_, J, A, P, S> {
    /// Somebody's key is that of an identifier of theirs, and the list has all of these.
    fn is_restricted(&self, person: Key) -> bool {
        let privacy = self.privacy.filter(|privacy| !privacy.is_empty());
        privacy.is_some_and(|privacy| privacy.list().get(person).is_some_and(|listed| listed.restricted))
    }
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
    /// `None` where it is to be loaded if it is looked at.
    blob: Option<&'a [u8]>,
    merged: &'a [Key],
    /// Journeys to begin.
    starts: &'a [(&'a Campaign, i64)],
    /// Whether the person said no to being counted, where that is known.
    refuses_analytics: Option<bool>,
}

/// Evaluates people whose profiles changed. `now` is UTC ms.
///
/// # Errors
/// A store or queue that is not available, or failed: run the same changes again. Actions have stable ids,
/// so that a repeat sends nothing twice.
pub async fn run<'a, J: JourneyStore, A: ActionQueue, P: ProfileStore, S: SendsStore>(
    deps: &Deps<'_, J, A, P, S>,
    now: i64,
    changes: &'a [ProfileChange<'a>],
) -> Result<Outcome, PortError> {
    let visits = changes.iter().map(|change| Visit {
        person: change.person,
        fresh: &change.fresh,
        blob: Some(&change.blob),
        merged: &change.merged,
        starts: &[],
        refuses_analytics: Some(change.refuses_analytics),
    });
    evaluate(deps, now, None, visits.collect()).await
}

/// Evaluates people whose timers are due. `now` is UTC ms.
///
/// # Errors
/// As [`run`].
pub async fn run_due<J: JourneyStore, A: ActionQueue, P: ProfileStore, S: SendsStore>(
    deps: &Deps<'_, J, A, P, S>,
    now: i64,
    people: &[Key],
) -> Result<Outcome, PortError> {
    let visits = people.iter().map(|person| Visit::of(*person, &[]));
    let fired = now.div_euclid(event::MINUTE).clamp(0, i64::from(u32::MAX)) as u32;
    evaluate(deps, now, Some(fired), visits.collect()).await
}

/// Begins journeys that run-campaigns selected people for: of each person those campaigns, as of those times (UTC
/// ms), which may be still to come. A campaign that is gone, or lets in otherwise by now, begins nothing.
///
/// # Errors
/// As [`run`]: a start that is repeated begins no second journey.
pub async fn run_starts<J: JourneyStore, A: ActionQueue, P: ProfileStore, S: SendsStore>(
    deps: &Deps<'_, J, A, P, S>,
    now: i64,
    starts: &[Start],
) -> Result<Outcome, PortError> {
    let mut by_person: HashMap<Key, Vec<(&Campaign, i64)>> = HashMap::default();
    let mut people = Vec::with_capacity(starts.len());
    for start in starts {
        let Some(campaign) = deps.campaigns.get(&start.campaign).filter(|c| c.entry.is_selected()) else {
            continue;
        };
        let own = by_person.entry(start.person).or_default();
        if own.is_empty() {
            people.push(start.person);
        }
        own.push((campaign, start.at));
    }
    let visits = people.iter().map(|person| Visit::of(*person, &by_person[person]));
    evaluate(deps, now, None, visits.collect()).await
}

/// One journey to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    pub campaign: String,
    pub person: Key,
    /// UTC ms.
    pub at: i64,
}

impl Start {
    /// What a message of run-campaigns asks for.
    pub fn of(message: Starts) -> impl Iterator<Item = Start> {
        let Starts { campaign, starts } = message;
        starts.into_iter().flat_map(move |group| {
            let campaign = campaign.clone();
            group.people.into_iter().map(move |person| Start {
                campaign: campaign.clone(),
                person,
                at: group.at,
            })
        })
    }
}

impl<'a> Visit<'a> {
    fn of(person: Key, starts: &'a [(&'a Campaign, i64)]) -> Visit<'a> {
        Visit { person, fresh: &[], blob: None, merged: &[], starts, refuses_analytics: None }
    }
}

async fn evaluate<J: JourneyStore, A: ActionQueue, P: ProfileStore, S: SendsStore>(
    deps: &Deps<'_, J, A, P, S>,
    now: i64,
    fired: Option<u32>,
    mut visits: Vec<Visit<'_>>,
) -> Result<Outcome, PortError> {
    let mut outcome = Outcome::default();
    visits = merged_first(visits);
    let merges: Vec<(Key, Key)> =
        visits.iter().flat_map(|visit| visit.merged.iter().map(|merged| (*merged, visit.person))).collect();
    // Before the journeys of the two are one, and may send something.
    if !merges.is_empty() {
        deps.sends.join_sends(&merges).await?;
    }
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

impl Looked {
    /// What is to be written of it, if anything changed.
    fn write<J, A, P, S>(self, fired: Option<u32>, deps: &Deps<'_, J, A, P, S>) -> Option<JourneyWrite> {
        let Looked { person, stored, mut journeys, moved } = self;
        let version = stored.as_ref().map_or(0, |stored| stored.version);
        if moved {
            return (version > 0).then(|| gone(person, version));
        }
        let timer = match fired {
            Some(fired) if deps.is_restricted(person) => journeys.arm_again(fired + LOOK_AGAIN),
            _ => journeys.arm(fired, deps.lateness),
        };
        let blob = journeys.encode();
        let changed = timer.is_some() || blob != stored.as_ref().map_or(&[][..], |stored| &stored.blob);
        changed.then_some(JourneyWrite { person, version, blob, timer })
    }
}

/// One pass; returns the people whose journeys were written by others meanwhile.
async fn attempt<J: JourneyStore, A: ActionQueue, P: ProfileStore, S: SendsStore>(
    deps: &Deps<'_, J, A, P, S>,
    now: i64,
    fired: Option<u32>,
    visits: &[Visit<'_>],
    outcome: &mut Outcome,
) -> Result<HashSet<Key>, PortError> {
    let people: Vec<Key> =
        visits.iter().flat_map(|visit| visit.merged.iter().copied().chain([visit.person])).collect();
    // In the order of the visits: the people who were merged into each, then itself.
    let loaded = deps.journeys.load(&people).await?;
    let lateness = if deps.reading_history { i64::MAX / 4 } else { deps.lateness };
    let moment = Moment { now, lateness };
    // Journeys that can't be read are begun anew: what they would have sent can't be known.
    let read = |stored: &Stored| Journeys::decode(&stored.blob).unwrap_or_default();
    let profiles = profiles(deps, moment, visits, &people, &loaded).await?;
    let mut loaded = loaded.into_iter();
    let mut next = || loaded.next().flatten();

    let mut actions: Vec<Action> = Vec::new();
    let mut writes: Vec<JourneyWrite> = Vec::with_capacity(visits.len());
    let mut looked: Vec<Looked> = Vec::new();
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
                journeys.merge(std::mem::take(&mut theirs.journeys), deps.campaigns);
                theirs.moved = true;
            } else if let Some(theirs) = theirs {
                journeys.merge(read(&theirs), deps.campaigns);
                writes.push(gone(other, theirs.version));
            }
        }
        let blob = visit.blob.or_else(|| Some(&**profiles.get(&visit.person)?)).unwrap_or_default();
        let profile =
            ProfileView::stored(blob, now).in_zone(deps.zone.clone()).knowing(visit.refuses_analytics);
        if deps.is_restricted(visit.person) {
            journeys.stand_still(deps.campaigns, visit.fresh, &profile, moment);
        } else {
            if !visit.merged.is_empty() {
                journeys.enter_segments(deps.campaigns, visit.person, &[], &profile, moment);
            }
            // Who was erased or merged since they were selected begins nothing: of the one nothing is known, and the
            // other was selected as well.
            let is_there = matches!(Blob::forward_of(blob), Ok(None));
            for (campaign, at) in visit.starts.iter().filter(|_| is_there) {
                journeys.start(campaign, visit.person, *at, &profile, moment);
            }
            actions.extend(journeys.advance(deps.campaigns, visit.person, visit.fresh, &profile, moment));
        }
        let result = Looked { person: visit.person, stored, journeys, moved: false };
        if merging {
            // It may go to somebody who is looked at later.
            places.insert(visit.person, looked.len());
            looked.push(result);
        } else {
            writes.extend(result.write(fired, deps));
        }
    }
    writes.extend(looked.into_iter().filter_map(|result| result.write(fired, deps)));
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

/// The stored profiles of those whose profiles did not come with the visit, and are looked at.
async fn profiles<J, A, P: ProfileStore, S>(
    deps: &Deps<'_, J, A, P, S>,
    moment: Moment,
    visits: &[Visit<'_>],
    people: &[Key],
    loaded: &[Option<Stored>],
) -> Result<HashMap<Key, Arc<[u8]>>, PortError> {
    let asks = |visit: &Visit<'_>| {
        visit.blob.is_none() && (deps.campaigns.look_at_profiles() || !visit.starts.is_empty())
    };
    if !visits.iter().any(asks) {
        return Ok(HashMap::default());
    }
    let journeys: HashMap<Key, &Stored> =
        people.iter().zip(loaded).filter_map(|(person, stored)| Some((*person, stored.as_ref()?))).collect();
    let looks = |visit: &Visit<'_>| {
        let journeys = journeys.get(&visit.person).and_then(|stored| Journeys::decode(&stored.blob).ok());
        !visit.starts.is_empty() || journeys.is_some_and(|own| own.look_at_profile(deps.campaigns, moment))
    };
    let mut wanted: Vec<Key> =
        visits.iter().filter(|visit| asks(visit) && looks(visit)).map(|visit| visit.person).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let stored = deps.profiles.load(&wanted).await?;
    Ok(wanted.into_iter().zip(stored).filter_map(|(person, stored)| Some((person, stored?.blob))).collect())
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
