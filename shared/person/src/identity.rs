//! Whose event is it: from identifiers to a person.
//!
//! A person's id is the hash of the strongest of their identifiers, so that it does not depend on which
//! event came first. A known person (one with a user id) keeps that id for good; somebody who was met under
//! weaker identifiers is merged into the person of a stronger one once an event carries both.

use event::{Identifier, IdentifierKind, Key};

/// The person that an identifier belongs to, and the kind of identifier their id is the hash of: what
/// decides who is merged into whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    pub kind: IdentifierKind,
    pub person: Key,
}

impl From<Identifier> for Owner {
    fn from(identifier: Identifier) -> Owner {
        Owner { kind: identifier.kind, person: identifier.key }
    }
}

/// A link that was not made, since it would have joined two people who are known apart. The identifier stays
/// with its first owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub identifier: Identifier,
    pub owner: Owner,
    pub claimant: Owner,
}

/// Whose an event is, and what it says of identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    pub owner: Owner,
    /// Identifiers that nobody had: the person's from now on.
    pub links: Vec<Identifier>,
    /// People who turn out to be the same person, and go into it.
    pub merges: Vec<Owner>,
    pub refusals: Vec<Refusal>,
}

/// Decides whose event it is. `identifiers` are an event's, strongest first and at least one; `owner_of`
/// says whose each is so far (a user id is always its own person's).
///
/// Two people merge only where one of them is not known by a user id, and where what joins them is
/// personal (a user id, card, e-mail, phone) or the one that goes was met under nothing personal at all. So a
/// device that a family shares chains nobody together.
pub fn resolve(identifiers: &[Identifier], owner_of: impl Fn(Identifier) -> Option<Owner>) -> Resolution {
    let owned: Vec<(Identifier, Option<Owner>)> = identifiers
        .iter()
        .map(|id| (*id, if id.kind == IdentifierKind::User { Some(Owner::from(*id)) } else { owner_of(*id) }))
        .collect();
    let strongest = Owner::from(identifiers[0]);
    let own = owned[0].1.unwrap_or(strongest);
    let winner = if identifiers[0].kind == IdentifierKind::User {
        // Whatever else it carries, an event with a user id is that user's.
        own
    } else {
        // A weak identifier's owner takes the event only where nothing personal stands beside it.
        let owners = owned.iter().filter(|(id, _)| is_personal(id.kind) || !is_personal(identifiers[0].kind));
        owners.filter_map(|(_, owner)| *owner).chain([own]).min().unwrap_or(own)
    };

    let mut resolution =
        Resolution { owner: winner, links: Vec::new(), merges: Vec::new(), refusals: Vec::new() };
    for (identifier, owner) in owned {
        match owner {
            None => resolution.links.push(identifier),
            Some(owner) if owner == winner || resolution.merges.contains(&owner) => {}
            Some(owner) if may_merge(identifier, owner) => resolution.merges.push(owner),
            Some(owner) => resolution.refusals.push(Refusal { identifier, owner, claimant: winner }),
        }
    }
    resolution
}

/// Whether `owner`'s person may go into another because of this identifier.
fn may_merge(identifier: Identifier, owner: Owner) -> bool {
    owner.kind != IdentifierKind::User && (is_personal(identifier.kind) || !is_personal(owner.kind))
}

/// Whether an identifier stands for a person rather than for a device or a browser.
fn is_personal(kind: IdentifierKind) -> bool {
    kind <= IdentifierKind::Phone
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn id(kind: IdentifierKind, n: u8) -> Identifier {
        Identifier { kind, key: Key([n; 16]) }
    }
    use IdentifierKind::{Anonymous, Email, User};

    /// Resolves events one after another, as the store would remember them.
    fn play(events: &[&[Identifier]]) -> (Vec<Key>, usize) {
        let mut owners: HashMap<Identifier, Owner> = HashMap::new();
        let mut refusals = 0;
        let people = events.iter().map(|identifiers| {
            let resolution = resolve(identifiers, |id| owners.get(&id).copied());
            for owner in owners.values_mut().filter(|o| resolution.merges.contains(o)) {
                *owner = resolution.owner;
            }
            owners.extend(resolution.links.iter().map(|id| (*id, resolution.owner)));
            refusals += resolution.refusals.len();
            resolution.owner.person
        });
        (people.collect(), refusals)
    }

    #[test]
    fn an_anonymous_visitor_becomes_the_known_person() {
        let (a, u) = (id(Anonymous, 1), id(User, 9));
        assert_eq!(play(&[&[a], &[u, a], &[a]]), (vec![a.key, u.key, u.key], 0));
    }

    #[test]
    fn a_shared_device_chains_nobody() {
        let (a, u, v) = (id(Anonymous, 1), id(User, 9), id(User, 8));
        // The second user of the browser is a person of their own; the browser stays with the first.
        assert_eq!(play(&[&[u, a], &[v, a], &[a]]), (vec![u.key, v.key, u.key], 1));
        let (e, f) = (id(Email, 5), id(Email, 6));
        assert_eq!(play(&[&[e, a], &[f, a], &[a]]), (vec![e.key, f.key, e.key], 1));
    }

    #[test]
    fn two_known_people_never_merge() {
        let e = id(Email, 5);
        for (u, v) in [(id(User, 9), id(User, 8)), (id(User, 8), id(User, 9))] {
            let (people, refusals) = play(&[&[u, e], &[v, e], &[e]]);
            assert_eq!((people, refusals), (vec![u.key, v.key, u.key], 1));
        }
    }

    #[test]
    fn an_e_mail_joins_what_was_met_before() {
        let (u, e, a) = (id(User, 9), id(Email, 5), id(Anonymous, 1));
        let (people, refusals) = play(&[&[a], &[e, a], &[u, e], &[a], &[e]]);
        assert_eq!((people, refusals), (vec![a.key, e.key, u.key, u.key, u.key], 0));
    }
}
