//! A batch of events into profiles: resolve, load, fold, write. One write a person.

use crate::people::{Groups, People, Slot, Unusable};
use event::{Code, Event, Identifier, IdentifierKind, Key, PortError, Quarantined, Rejection};
use foldhash::{HashMap, HashMapExt};
use person::{
    Applied, IdentityStore, Merged, Owner, Profile, ProfileChange, ProfileStore, ProfileWrite, Refusal,
    resolve,
};
use std::sync::Arc;

/// How often a person whose profile somebody else wrote meanwhile is loaded and folded again.
const MAX_ATTEMPTS: usize = 5;

/// How many merges one after the other are followed.
const MAX_HOPS: usize = 16;

/// What the function works with.
pub struct Deps<'d, S> {
    /// Profiles and identities.
    pub store: &'d S,
    /// Whether any live campaign could want an event; only those travel on the change stream.
    pub wanted: &'d dyn Fn(&Event<'_>) -> bool,
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
    let mut identities = Identities::load(deps.store, open.iter().map(|at| event(pending[*at]))).await?;
    identities.follow(deps.store, &mut people).await?;
    let mut owners: HashMap<usize, Owner> = HashMap::with_capacity(open.len());
    for at in open {
        owners.insert(at, identities.resolve(event(pending[at]), &mut outcome.refusals));
    }
    for (at, owner) in &mut owners {
        *owner = identities.current(*owner);
        whose[*at] = Some(people.slot(owner.person));
    }
    for merged in identities.merged.keys() {
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
        encoded.clear();
        profile.encode(&mut encoded);
        let blob: Arc<[u8]> = Arc::from(encoded.as_slice());
        if !fresh.is_empty() || !merged.is_empty() {
            let (blob, fresh) = (Arc::clone(&blob), fresh.clone());
            let merged = merged.iter().map(|owner| owner.person).collect();
            outcome.changes.push(ProfileChange { person: owner.person, blob, fresh, merged });
        }
        let mut links = identities.links.remove(&owner.person).unwrap_or_default();
        // Whatever pointed at those who go points at this one from now on. A profile also lists identifiers
        // that stayed with others.
        let theirs = merged.iter().flat_map(|other| people.identifiers(other.person));
        links.extend(theirs.filter(|id| identities.is_of(*id, owner)));
        links.sort_unstable();
        links.dedup();
        let version = people.version(slot);
        let merged = merged
            .into_iter()
            .map(|owner| Merged {
                owner,
                version: people.stored(owner.person).map_or(0, |stored| stored.version),
            })
            .collect();
        writes.push(ProfileWrite { person: owner.person, version, blob, fresh, merged, links, owner });
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

/// What a batch says of identities, on top of what was stored.
struct Identities {
    owners: HashMap<Identifier, Owner>,
    links: HashMap<Key, Vec<Identifier>>,
    /// Who went into whom in this batch.
    merged: HashMap<Owner, Owner>,
}

impl Identities {
    async fn load<'e, S: IdentityStore>(
        store: &S,
        events: impl Iterator<Item = &'e Event<'e>>,
    ) -> Result<Identities, PortError> {
        let mut wanted: Vec<Identifier> = events
            .flat_map(|event| event.identifiers.iter().copied())
            .filter(|identifier| identifier.kind != IdentifierKind::User)
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let stored = if wanted.is_empty() { Vec::new() } else { store.owners(&wanted).await? };
        let owners = wanted.into_iter().zip(stored).filter_map(|(id, owner)| Some((id, owner?))).collect();
        Ok(Identities { owners, links: HashMap::new(), merged: HashMap::new() })
    }

    /// Replaces owners who were merged away by those they went into: an identifier that a merge did not move
    /// (a profile lists only so many) names its old owner for good. Loads all of them on the way.
    async fn follow<S: ProfileStore>(&mut self, store: &S, people: &mut People) -> Result<(), PortError> {
        let mut open: Vec<Owner> =
            self.owners.values().copied().filter(|owner| owner.kind != IdentifierKind::User).collect();
        for _ in 0..MAX_HOPS {
            for owner in &open {
                people.slot(owner.person);
            }
            people.load(store).await?;
            let moved: Vec<(Owner, Key)> =
                open.iter().filter_map(|owner| Some((*owner, people.forward_of(owner.person)?))).collect();
            if moved.is_empty() {
                break;
            }
            for (_, target) in &moved {
                people.slot(*target);
            }
            people.load(store).await?;
            open.clear();
            for (from, target) in moved {
                let Some(into) = people.owner(target) else { continue };
                self.owners.values_mut().filter(|owner| **owner == from).for_each(|owner| *owner = into);
                open.push(into);
            }
        }
        Ok(())
    }

    /// Looks up the identifiers that the profiles of merged people list.
    async fn load_of_merged<S: IdentityStore>(
        &mut self,
        store: &S,
        people: &People,
    ) -> Result<(), PortError> {
        let listed = self.merged.keys().flat_map(|merged| people.identifiers(merged.person));
        let mut wanted: Vec<Identifier> =
            listed.filter(|id| id.kind != IdentifierKind::User && !self.owners.contains_key(id)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if !wanted.is_empty() {
            let stored = store.owners(&wanted).await?;
            self.owners.extend(wanted.into_iter().zip(stored).filter_map(|(id, owner)| Some((id, owner?))));
        }
        Ok(())
    }

    /// Whether an identifier is somebody's, or was of one who went into them, or is nobody's.
    fn is_of(&self, identifier: Identifier, person: Owner) -> bool {
        self.owners.get(&identifier).is_none_or(|owner| self.current(*owner) == person)
    }

    /// Resolves one event and remembers what it said.
    fn resolve(&mut self, event: &Event<'_>, refusals: &mut Vec<Refusal>) -> Owner {
        let resolution =
            resolve(&event.identifiers, |id| self.owners.get(&id).map(|owner| self.current(*owner)));
        let owner = resolution.owner;
        for merge in resolution.merges {
            self.merged.insert(merge, owner);
            // What was linked to the one that goes is the other's from now on.
            let moved = self.links.remove(&merge.person).unwrap_or_default();
            self.links.entry(owner.person).or_default().extend(moved);
        }
        for identifier in &resolution.links {
            self.owners.insert(*identifier, owner);
            self.links.entry(owner.person).or_default().push(*identifier);
        }
        refusals.extend(resolution.refusals);
        owner
    }

    /// Who an owner is by now.
    fn current(&self, mut owner: Owner) -> Owner {
        while let Some(next) = self.merged.get(&owner) {
            owner = *next;
        }
        owner
    }

    /// The people who go into each other in this batch, directly or by way of others.
    fn by_winner(&self) -> HashMap<Key, Vec<Owner>> {
        let mut merges: HashMap<Key, Vec<Owner>> = HashMap::new();
        for (key, into) in &self.merged {
            merges.entry(self.current(*into).person).or_default().push(*key);
        }
        merges.values_mut().for_each(|merged| merged.sort_unstable());
        merges
    }
}
