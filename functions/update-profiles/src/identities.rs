//! What a batch says of identities, on top of what was stored.

use crate::people::People;
use event::{Event, Identifier, IdentifierKind, Key, PortError};
use foldhash::{HashMap, HashMapExt};
use person::{
    IdentityGraph, IdentityRules, IdentityStore, LogEntry, Origin, Owner, Profile, ProfileStore, Refusal,
    resolve,
};

/// How many merges one after the other are followed.
const MAX_HOPS: usize = 16;

/// Whose the identifiers of a batch are, and what its events change in that.
pub(crate) struct Identities<'e> {
    rules: &'e IdentityRules,
    owners: HashMap<Identifier, Owner>,
    links: HashMap<Key, Vec<Identifier>>,
    /// Who went into whom in this batch.
    merged: HashMap<Owner, Owner>,
    /// What joined each of them: whom to, their identifier, and the event that carried it.
    joined: HashMap<Owner, (Owner, Identifier, &'e Event<'e>)>,
    /// What those who went into somebody in this batch brought along.
    brought: HashMap<Key, Brought>,
    /// Links of this batch that were not made, by who claimed them.
    refused: HashMap<Key, Vec<(Identifier, &'e Event<'e>)>>,
}

#[derive(Default)]
struct Brought {
    linked: Vec<Identifier>,
    separated: Vec<Identifier>,
}

/// The graph of identities as it is by now: what is stored, and what the batch says so far.
struct Graph<'g, 'e> {
    identities: &'g Identities<'e>,
    people: &'g People,
}

impl IdentityGraph for Graph<'_, '_> {
    fn owner(&self, identifier: Identifier) -> Option<Owner> {
        self.identities.owners.get(&identifier).map(|owner| self.identities.current(*owner))
    }

    fn linked(&self, person: Owner) -> Vec<Identifier> {
        let mut linked = self.people.identifiers(person.person);
        linked.extend(self.identities.links.get(&person.person).into_iter().flatten());
        if let Some(brought) = self.identities.brought.get(&person.person) {
            linked.extend(&brought.linked);
        }
        if person.kind == IdentifierKind::User {
            linked.push(Identifier { kind: person.kind, key: person.person });
        }
        linked.sort_unstable();
        linked.dedup();
        linked
    }

    fn separated(&self, person: Owner) -> Vec<Identifier> {
        let mut separated = self.people.separated(person.person);
        if let Some(brought) = self.identities.brought.get(&person.person) {
            separated.extend(&brought.separated);
        }
        separated
    }
}

impl<'e> Identities<'e> {
    /// Looks up the identifiers of these events.
    pub async fn load<S: IdentityStore>(
        store: &S,
        rules: &'e IdentityRules,
        events: impl Iterator<Item = &'e Event<'e>>,
    ) -> Result<Identities<'e>, PortError> {
        let mut wanted: Vec<Identifier> = events
            .flat_map(|event| event.identifiers.iter().copied())
            .filter(|identifier| identifier.kind != IdentifierKind::User)
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let stored = if wanted.is_empty() { Vec::new() } else { store.owners(&wanted).await? };
        let owners = wanted.into_iter().zip(stored).filter_map(|(id, owner)| Some((id, owner?))).collect();
        let (links, merged) = (HashMap::new(), HashMap::new());
        let (joined, brought, refused) = (HashMap::new(), HashMap::new(), HashMap::new());
        Ok(Identities { rules, owners, links, merged, joined, brought, refused })
    }

    /// Replaces owners who were merged away by those they went into: an identifier that a merge did not move
    /// (a profile lists only so many) names its old owner for good. Loads all of them on the way.
    pub async fn follow<S: ProfileStore>(&mut self, store: &S, people: &mut People) -> Result<(), PortError> {
        // Known people go into nobody, but how many identifiers they have matters.
        for owner in self.owners.values() {
            people.slot(owner.person);
        }
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
    pub async fn load_of_merged<S: IdentityStore>(
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
    pub fn is_of(&self, identifier: Identifier, person: Owner) -> bool {
        self.owners.get(&identifier).is_none_or(|owner| self.current(*owner) == person)
    }

    /// Resolves one event and remembers what it said.
    pub fn resolve(&mut self, event: &'e Event<'e>, people: &People, refusals: &mut Vec<Refusal>) -> Owner {
        let graph = Graph { identities: self, people };
        let resolution = resolve(&event.identifiers, self.rules, &graph);
        let owner = resolution.owner;
        for (merge, by) in resolution.merges {
            self.joined.insert(merge, (owner, by, event));
            let graph = Graph { identities: self, people };
            let (linked, separated) = (graph.linked(merge), graph.separated(merge));
            self.merged.insert(merge, owner);
            // What was linked to the one that goes is the other's from now on.
            let moved = self.links.remove(&merge.person).unwrap_or_default();
            self.links.entry(owner.person).or_default().extend(moved);
            if let Some(refused) = self.refused.remove(&merge.person) {
                self.refused.entry(owner.person).or_default().extend(refused);
            }
            let brought = self.brought.entry(owner.person).or_default();
            brought.linked.extend(linked);
            brought.separated.extend(separated);
        }
        for identifier in &resolution.links {
            self.owners.insert(*identifier, owner);
            self.links.entry(owner.person).or_default().push(*identifier);
        }
        for Refusal { identifier, claimant, .. } in &resolution.refusals {
            self.refused.entry(claimant.person).or_default().push((*identifier, event));
        }
        refusals.extend(resolution.refusals);
        owner
    }

    /// The people who went into others in this batch.
    pub fn merged(&self) -> impl Iterator<Item = &Owner> {
        self.merged.keys()
    }

    /// The identifiers that the batch links to a person. Asked once.
    pub fn take_links(&mut self, person: Owner) -> Vec<Identifier> {
        self.links.remove(&person.person).unwrap_or_default()
    }

    /// What the identity log says of these merges.
    pub fn log(&self, merged: &[Owner]) -> Vec<LogEntry> {
        let entry = |gone: &Owner| {
            let (into, by, event) = *self.joined.get(gone)?;
            let (at, message, source) = (event.happened_at, event.hash, event.source.clone().into_owned());
            Some(LogEntry::Merged { gone: *gone, into, by, at, message, source })
        };
        merged.iter().filter_map(entry).collect()
    }

    /// Tells a person's profile which identifiers of its events are its own and which are not, before they are applied.
    pub fn tell<'p>(&self, profile: &mut Profile<'p>, person: Owner)
    where
        'e: 'p,
    {
        for (identifier, event) in self.refused.get(&person.person).into_iter().flatten() {
            profile.refuse(*identifier, Origin::of(event));
        }
        // What was refused at first may have come with somebody who turned out to be the same person.
        if !profile.refused.is_empty() {
            let linked = self.links.get(&person.person);
            linked.into_iter().flatten().for_each(|identifier| profile.admit(*identifier));
        }
    }

    /// Who an owner is by now.
    pub fn current(&self, mut owner: Owner) -> Owner {
        while let Some(next) = self.merged.get(&owner) {
            owner = *next;
        }
        owner
    }

    /// The people who go into each other in this batch, directly or by way of others.
    pub fn by_winner(&self) -> HashMap<Key, Vec<Owner>> {
        let mut merges: HashMap<Key, Vec<Owner>> = HashMap::new();
        for (key, into) in &self.merged {
            merges.entry(self.current(*into).person).or_default().push(*key);
        }
        merges.values_mut().for_each(|merged| merged.sort_unstable());
        merges
    }
}
