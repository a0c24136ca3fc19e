//! The people of a batch: their stored profiles, and which of the batch's events are theirs.

use event::wire::Damaged;
use event::{Event, Identifier, IdentifierKind, Key, PortError};
use foldhash::HashMap;
use person::{Blob, Owner, Profile, ProfileStore, Stored};

/// A person's place in a batch.
pub(crate) type Slot = usize;

/// The people of a batch, in the order in which they were met, as they were loaded.
#[derive(Default)]
pub(crate) struct People {
    slots: HashMap<Key, Slot>,
    keys: Vec<Key>,
    loaded: Vec<Option<Stored>>,
}

impl People {
    /// A person's place; a new one for somebody new.
    pub fn slot(&mut self, person: Key) -> Slot {
        *self.slots.entry(person).or_insert_with(|| {
            self.keys.push(person);
            self.keys.len() - 1
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Loads those that were not loaded yet.
    pub async fn load<S: ProfileStore>(&mut self, store: &S) -> Result<(), PortError> {
        let missing = &self.keys[self.loaded.len()..];
        if !missing.is_empty() {
            let stored = store.load(missing).await?;
            self.loaded.extend(stored);
        }
        Ok(())
    }

    /// Whether an event's person is certain without a look at identities: a known one, in whose place it has
    /// all of its other identifiers linked already, or refused.
    pub fn settles(&self, event: &Event<'_>, known: Option<Slot>) -> bool {
        let Some(slot) = known else { return false };
        let others = &event.identifiers[1..];
        others.is_empty()
            || self.loaded[slot]
                .as_ref()
                .is_some_and(|stored| others.iter().all(|id| Blob::settles(&stored.blob, *id)))
    }

    /// What was stored of a person.
    pub fn stored(&self, person: Key) -> Option<&Stored> {
        self.loaded[*self.slots.get(&person)?].as_ref()
    }

    /// The identifiers that a stored profile lists.
    pub fn identifiers(&self, person: Key) -> Vec<Identifier> {
        let stored = self.stored(person).filter(|_| self.forward_of(person).is_none());
        stored.and_then(|stored| Blob::identifiers(&stored.blob).ok()).unwrap_or_default()
    }

    /// The identifiers that a stored profile is kept apart from.
    pub fn separated(&self, person: Key) -> Vec<Identifier> {
        let stored = self.stored(person).filter(|_| self.forward_of(person).is_none());
        stored.and_then(|stored| Blob::separated(&stored.blob).ok()).unwrap_or_default()
    }

    /// The version that was stored; 0 for a new person.
    pub fn version(&self, slot: Slot) -> u64 {
        self.loaded[slot].as_ref().map_or(0, |stored| stored.version)
    }

    /// Somebody as the owner of identifiers: the kind is that of the identifier whose hash is their id. The kind of
    /// who was merged away too is not kept; it is only followed further.
    pub fn owner(&self, person: Key) -> Option<Owner> {
        let blob = &self.stored(person)?.blob;
        if self.forward_of(person).is_some() {
            return Some(Owner { kind: IdentifierKind::Anonymous, person });
        }
        let identifiers = Blob::identifiers(blob).ok()?;
        identifiers.into_iter().find(|id| id.key == person).map(Owner::from)
    }

    /// The person that somebody was merged into, as far as it is loaded.
    pub fn forward_of(&self, person: Key) -> Option<Key> {
        Blob::forward_of(&self.stored(person)?.blob).ok().flatten()
    }

    /// Fills `profile` with a person's stored state and that of the people who go into it.
    pub fn fill<'l>(
        &'l self,
        profile: &mut Profile<'l>,
        slot: Slot,
        merged: &[Owner],
    ) -> Result<(), Unusable> {
        profile.clear();
        if let Some(stored) = &self.loaded[slot] {
            if Blob::forward_of(&stored.blob)?.is_some() {
                return Err(Unusable::Forwarded);
            }
            profile.decode(&stored.blob)?;
        }
        for other in merged {
            if let Some(stored) = self.stored(other.person) {
                let Blob::Profile(other) = Blob::decode(&stored.blob)? else {
                    return Err(Unusable::Forwarded);
                };
                profile.merge(&other);
            }
        }
        Ok(())
    }
}

/// Why a stored blob can't be folded into.
pub(crate) enum Unusable {
    Damaged,
    /// Somebody merged the person away since their identifiers were looked up: look again.
    Forwarded,
}

impl From<Damaged> for Unusable {
    fn from(_: Damaged) -> Unusable {
        Unusable::Damaged
    }
}

const NONE: u32 = u32::MAX;

/// The events of each person, as chains through the batch.
pub(crate) struct Groups {
    first: Vec<u32>,
    next: Vec<u32>,
}

impl Groups {
    /// `whose` is the slot of each event, in the order of the events.
    pub fn new(whose: &[Option<Slot>], people: usize) -> Groups {
        let mut groups = Groups { first: vec![NONE; people], next: vec![NONE; whose.len()] };
        // From the last to the first, so that each chain begins with its first event.
        for (at, slot) in whose.iter().enumerate().rev() {
            if let Some(slot) = slot {
                groups.next[at] = std::mem::replace(&mut groups.first[*slot], at as u32);
            }
        }
        groups
    }

    /// The first event of a person, if there is any.
    pub fn first(&self, slot: Slot) -> Option<usize> {
        self.first.get(slot).copied().filter(|at| *at != NONE).map(|at| at as usize)
    }

    /// A person's events, in their order.
    pub fn of(&self, slot: Slot) -> impl Iterator<Item = usize> {
        std::iter::successors(self.first(slot), |at| {
            Some(self.next[*at]).filter(|n| *n != NONE).map(|n| n as usize)
        })
    }
}
