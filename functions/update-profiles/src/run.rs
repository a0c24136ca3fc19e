//! A batch of events into profiles: resolve, load, fold, write. One write a person.

use crate::identities::Identities;
use crate::people::{Groups, People, Slot, Unusable};
use event::{Came, Code, Event, IdentifierKind, Key, PortError, QualityCount, Quarantined, Rejection};
use foldhash::{HashMap, HashMapExt};
use person::{
    Applied, IdentityRules, IdentityStore, Merged, Owner, Profile, ProfileChange, ProfileStore, ProfileWrite,
    Refusal, kept_apart,
};
use std::sync::Arc;

/// How often a person whose profile somebody else wrote meanwhile is loaded and folded again.
const MAX_ATTEMPTS: usize = 5;

/// What the function works with.
pub struct Deps<'d, S> {
    /// Profiles and identities.
    pub store: &'d S,
    /// Whether any live campaign could want an event; only those travel on the change stream.
    pub wanted: &'d dyn Fn(&Event<'_>) -> bool,
    /// How many identifiers a person may have, and who is to be kept apart.
    pub rules: &'d IdentityRules,
}

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Outcome<'a> {
    /// Indices of events whose message id was seen before.
    pub duplicates: Vec<u32>,
    /// How many profiles were written.
    pub writes: u64,
    /// The change stream of this batch, as typed values for who runs in the same process: only the changes
    /// that a campaign could want.
    pub changes: Vec<ProfileChange<'a>>,
    /// Links that were not made.
    pub refusals: Vec<Refusal>,
    /// Indices of events that were not applied, since their person's profile is damaged or was written by
    /// others each time it was tried.
    pub failed: Vec<u32>,
}

impl Outcome<'_> {
    /// The counts of the duplicates among the events, which the bus brought at `at` (UTC ms).
    pub fn duplicate_counts(&self, events: &[Event<'_>], at: i64) -> Vec<QualityCount> {
        let sources = self.duplicates.iter().map(|index| events[*index as usize].source.as_ref());
        QualityCount::of_duplicates(sources, at)
    }

    /// The events that were not applied, for the quarantine: nothing accepted is lost.
    pub fn quarantined(&self, events: &[Event<'_>], now: i64) -> Vec<Quarantined> {
        let sealed = |index: &u32| {
            let event = &events[*index as usize];
            let mut original = Vec::new();
            event.encode(&mut original);
            let reason = "the person's stored profile is damaged or contended; repair it and replay";
            Quarantined {
                at: now,
                source: event.source.clone().into_owned(),
                rejection: Rejection::new(Code::NotApplied, "", reason),
                original,
                came: Came::default(),
            }
        };
        self.failed.iter().map(sealed).collect()
    }
}

/// Folds a batch of events into the profiles of their people.
///
/// # Errors
/// A store that is not available, or failed: nothing of the batch may be taken as applied, and all of it can
/// be run again.
pub async fn run<'a, S: ProfileStore + IdentityStore>(
    deps: &Deps<'_, S>,
    events: &'a [Event<'a>],
) -> Result<Outcome<'a>, PortError> {
    let mut outcome = Outcome::default();
    let mut pending: Vec<u32> = (0..events.len() as u32).collect();
    for _ in 0..MAX_ATTEMPTS {
        pending = attempt(deps, events, &pending, &mut outcome).await?;
        if pending.is_empty() {
            return Ok(outcome);
        }
    }
    outcome.failed.append(&mut pending);
    Ok(outcome)
}

/// One pass over the pending events; returns those whose people were written by others meanwhile.
async fn attempt<'a, S: ProfileStore + IdentityStore>(
    deps: &Deps<'_, S>,
    events: &'a [Event<'a>],
    pending: &[u32],
    outcome: &mut Outcome<'a>,
) -> Result<Vec<u32>, PortError> {
    let event = |index: u32| &events[index as usize];
    let mut people = People::default();
    let mut whose: Vec<Option<Slot>> =
        pending.iter().map(|index| known_person(event(*index)).map(|person| people.slot(person))).collect();
    people.load(deps.store).await?;

    // Most events carry identifiers that are linked to their person already; the others are looked up.
    let open: Vec<usize> =
        (0..pending.len()).filter(|at| !people.settles(event(pending[*at]), whose[*at])).collect();
    let met = open.iter().map(|at| event(pending[*at]));
    let mut identities = Identities::load(deps.store, deps.rules, met).await?;
    identities.follow(deps.store, &mut people).await?;
    let mut owners: HashMap<usize, Owner> = HashMap::with_capacity(open.len());
    for at in open {
        owners.insert(at, identities.resolve(event(pending[at]), &people, &mut outcome.refusals));
    }
    for (at, owner) in &mut owners {
        *owner = identities.current(*owner);
        whose[*at] = Some(people.slot(owner.person));
    }
    for merged in identities.merged() {
        people.slot(merged.person);
    }
    people.load(deps.store).await?;
    identities.load_of_merged(deps.store, &people).await?;

    let mut merges = identities.by_winner();
    let mut writes = Vec::new();
    let first_change = outcome.changes.len();
    let mut again: Vec<u32> = Vec::new();
    let mut profile = Profile::default();
    let mut encoded = Vec::with_capacity(4_096);
    // People in the order in which they come first, since that is how their events lie in memory.
    let groups = Groups::new(&whose, people.len());
    for slot in 0..people.len() {
        let Some(first) = groups.first(slot) else { continue };
        let owner =
            owners.get(&first).copied().unwrap_or_else(|| Owner::from(event(pending[first]).identifiers[0]));
        let merged = merges.remove(&owner.person).unwrap_or_default();
        if let Err(unusable) = people.fill(&mut profile, slot, &merged) {
            let theirs = groups.of(slot).map(|at| pending[at]);
            match unusable {
                Unusable::Damaged => outcome.failed.extend(theirs),
                Unusable::Forwarded => again.extend(theirs),
            }
            continue;
        }
        identities.tell(&mut profile, owner);
        let mut fresh = Vec::new();
        let mut applied = !merged.is_empty();
        for at in groups.of(slot) {
            let event = event(pending[at]);
            match profile.apply(event) {
                Applied::Duplicate => outcome.duplicates.push(pending[at]),
                Applied::Yes => {
                    applied = true;
                    if (deps.wanted)(event) {
                        fresh.push(event);
                    }
                }
            }
        }
        if !applied {
            continue;
        }
        for identifier in kept_apart(&deps.rules.separations, &profile.identifiers.clone()) {
            profile.keep_apart(identifier);
        }
        encoded.clear();
        profile.encode(&mut encoded);
        let blob: Arc<[u8]> = Arc::from(encoded.as_slice());
        if !fresh.is_empty() || !merged.is_empty() {
            let (blob, fresh) = (Arc::clone(&blob), fresh.clone());
            let merged = merged.iter().map(|owner| owner.person).collect();
            outcome.changes.push(ProfileChange {
                person: owner.person,
                blob,
                fresh,
                merged,
                refuses_analytics: profile.refuses_analytics(),
            });
        }
        let mut links = identities.take_links(owner);
        // Whatever pointed at those who go points at this one from now on. A profile also lists identifiers
        // that stayed with others.
        let theirs = merged.iter().flat_map(|other| people.identifiers(other.person));
        links.extend(theirs.filter(|id| identities.is_of(*id, owner)));
        links.sort_unstable();
        links.dedup();
        let version = people.version(slot);
        let log = identities.log(&merged);
        let merged = merged
            .into_iter()
            .map(|owner| Merged {
                owner,
                version: people.stored(owner.person).map_or(0, |stored| stored.version),
            })
            .collect();
        writes.push(ProfileWrite { person: owner.person, version, blob, fresh, merged, links, owner, log });
    }

    let written = writes.len() as u64;
    let conflicts = deps.store.write(writes).await?;
    outcome.writes += written - conflicts.len() as u64;
    if !conflicts.is_empty() {
        let conflicting = conflicts.iter().map(|person| people.slot(*person));
        again.extend(conflicting.flat_map(|slot| groups.of(slot)).map(|at| pending[at]));
        let changes = outcome.changes.split_off(first_change);
        outcome.changes.extend(changes.into_iter().filter(|change| !conflicts.contains(&change.person)));
    }
    if !again.is_empty() {
        again.sort_unstable();
        outcome.duplicates.retain(|index| again.binary_search(index).is_err());
    }
    Ok(again)
}

/// The person of an event that carries a user id.
fn known_person(event: &Event<'_>) -> Option<Key> {
    event.identifiers.first().filter(|id| id.kind == IdentifierKind::User).map(|id| id.key)
}
