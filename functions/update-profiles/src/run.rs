//! A batch of events into profiles: resolve, load, fold, write. One write a person.

use event::{Code, Event, Identifier, IdentifierKind, Key, PortError, Quarantined, Rejection};
use foldhash::{HashMap, HashMapExt};
use person::{
    Applied, Blob, IdentityStore, Owner, Profile, ProfileChange, ProfileStore, ProfileWrite, Refusal, Stored, resolve,
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
    let mut loaded = Loaded::default();
    loaded.add(deps.store, pending.iter().filter_map(|i| known_person(&events[*i as usize]))).await?;

    // Most events carry identifiers that are linked to their person already; the others are looked up.
    let open: Vec<u32> = pending.iter().copied().filter(|i| !loaded.settles(&events[*i as usize])).collect();
    let mut identities = Identities::load(deps.store, open.iter().map(|i| &events[*i as usize])).await?;
    let mut owners: HashMap<u32, Owner> = HashMap::with_capacity(open.len());
    for index in open {
        let owner = identities.resolve(&events[index as usize], &mut outcome.refusals);
        owners.insert(index, owner);
    }
    let mut linked = std::mem::take(&mut identities.links);
    let person_of = |index: u32| match owners.get(&index) {
        Some(owner) => identities.current(*owner),
        None => Owner::from(events[index as usize].identifiers[0]),
    };
    let mut order: Vec<(Key, u32)> = pending.iter().map(|index| (person_of(*index).person, *index)).collect();
    order.sort_unstable();

    let others = owners.values().map(|owner| identities.current(*owner).person);
    loaded.add(deps.store, others.chain(identities.merged.keys().copied())).await?;

    let mut merges = identities.by_winner();
    let mut writes = Vec::new();
    let first_change = outcome.changes.len();
    let mut profile = Profile::default();
    let mut encoded = Vec::with_capacity(4_096);
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let owner = person_of(group[0].1);
        let merged = merges.remove(&owner.person).unwrap_or_default();
        if loaded.fill(&mut profile, owner.person, &merged).is_err() {
            outcome.failed.extend(group.iter().map(|(_, index)| *index));
            continue;
        }
        let mut fresh = Vec::new();
        let mut applied = !merged.is_empty();
        for (_, index) in group {
            let event = &events[*index as usize];
            match profile.apply(event) {
                Applied::Duplicate => outcome.duplicates.push(*index),
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
            let (blob, fresh, merged) = (Arc::clone(&blob), fresh.clone(), merged.clone());
            outcome.changes.push(ProfileChange { person: owner.person, blob, fresh, merged });
        }
        let mut links = linked.remove(&owner.person).unwrap_or_default();
        for other in &merged {
            // Whatever pointed at the one that goes points at this one from now on.
            let stored = loaded.stored(*other).map(|stored| Blob::identifiers(&stored.blob));
            links.extend(stored.and_then(Result::ok).unwrap_or_default());
        }
        let version = loaded.version(owner.person);
        writes.push(ProfileWrite { person: owner.person, version, blob, fresh, merged, links, owner });
    }

    let written = writes.len() as u64;
    let conflicts = deps.store.write(writes).await?;
    outcome.writes += written - conflicts.len() as u64;
    let mut again: Vec<u32> = Vec::new();
    if !conflicts.is_empty() {
        again.extend(order.iter().filter(|(person, _)| conflicts.contains(person)).map(|(_, index)| *index));
        again.sort_unstable();
        let changes = outcome.changes.split_off(first_change);
        outcome.changes.extend(changes.into_iter().filter(|change| !conflicts.contains(&change.person)));
        outcome.duplicates.retain(|index| again.binary_search(index).is_err());
    }
    Ok(again)
}

/// The person of an event that carries a user id.
fn known_person(event: &Event<'_>) -> Option<Key> {
    event.identifiers.first().filter(|id| id.kind == IdentifierKind::User).map(|id| id.key)
}

/// Profiles of a batch's people as they were loaded.
#[derive(Default)]
struct Loaded {
    profiles: HashMap<Key, Option<Stored>>,
}

impl Loaded {
    /// Loads those that are not there yet.
    async fn add<S: ProfileStore>(&mut self, store: &S, people: impl Iterator<Item = Key>) -> Result<(), PortError> {
        let mut missing: Vec<Key> = people.filter(|person| !self.profiles.contains_key(person)).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        let stored = store.load(&missing).await?;
        self.profiles.extend(missing.into_iter().zip(stored));
        Ok(())
    }

    fn stored(&self, person: Key) -> Option<&Stored> {
        self.profiles.get(&person)?.as_ref()
    }

    /// Whether the event's person is certain without a look at identities: a known one, to whom all of its
    /// other identifiers are linked already.
    fn settles(&self, event: &Event<'_>) -> bool {
        let Some(person) = known_person(event) else { return false };
        let others = &event.identifiers[1..];
        others.is_empty()
            || self
                .stored(person)
                .is_some_and(|stored| others.iter().all(|id| Blob::has_identifier(&stored.blob, *id)))
    }

    fn version(&self, person: Key) -> u64 {
        self.stored(person).map_or(0, |stored| stored.version)
    }

    /// Fills `profile` with a person's stored state and that of the people who go into it.
    fn fill<'l>(&'l self, profile: &mut Profile<'l>, person: Key, merged: &[Key]) -> Result<(), event::wire::Damaged> {
        profile.clear();
        if let Some(stored) = self.stored(person)
            && Blob::forward_of(&stored.blob)?.is_none()
        {
            profile.decode(&stored.blob)?;
        }
        for other in merged {
            if let Some(stored) = self.stored(*other)
                && let Blob::Profile(other) = Blob::decode(&stored.blob)?
            {
                profile.merge(&other);
            }
        }
        Ok(())
    }
}

/// What a batch says of identities, on top of what was stored.
struct Identities {
    owners: HashMap<Identifier, Owner>,
    links: HashMap<Key, Vec<Identifier>>,
    /// Who went into whom in this batch.
    merged: HashMap<Key, Owner>,
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

    /// Resolves one event and remembers what it said.
    fn resolve(&mut self, event: &Event<'_>, refusals: &mut Vec<Refusal>) -> Owner {
        let resolution = resolve(&event.identifiers, |id| self.owners.get(&id).map(|owner| self.current(*owner)));
        let owner = resolution.owner;
        for merge in resolution.merges {
            self.merged.insert(merge.person, owner);
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
        while let Some(next) = self.merged.get(&owner.person) {
            owner = *next;
        }
        owner
    }

    /// The people who go into each other in this batch, directly or by way of others.
    fn by_winner(&self) -> HashMap<Key, Vec<Key>> {
        let mut merges: HashMap<Key, Vec<Key>> = HashMap::new();
        for (key, into) in &self.merged {
            merges.entry(self.current(*into).person).or_default().push(*key);
        }
        merges.values_mut().for_each(|merged| merged.sort_unstable());
        merges
    }
}
