//! Whose event is it: from identifiers to a person.
//!
//! A person's id is the hash of the strongest of their identifiers, so that it does not depend on which
//! event came first. A known person (one with a user id) keeps that id for good; somebody who was met under
//! weaker identifiers is merged into the person of a stronger one once an event carries both.

use crate::identity::{IdentityGraph, IdentityRules, Owner, Reason, Refusal, Resolution};
use crate::separation::kept_apart;
use event::{Identifier, IdentifierKind};

/// Decides whose event it is. `identifiers` are an event's, strongest first and at least one.
///
/// Two people merge only where one of them is not known by a user id, and where what joins them is
/// personal (a user id, card, e-mail, phone) or the one that goes was met under nothing personal at all. So a
/// device that a family shares chains nobody together.
///
/// Where a person would come to have more identifiers of a kind than the limit, or to be joined with whom they are to
/// be kept apart from, the weakest identifier without which that is not so is demoted: it has no say in whose the
/// event is, and is refused.
pub fn resolve(identifiers: &[Identifier], rules: &IdentityRules, graph: &impl IdentityGraph) -> Resolution {
    let mut resolution = settle(identifiers, graph);
    let Some(mut reason) = objection(&resolution, rules, graph) else { return resolution };
    let mut left = identifiers.to_vec();
    let mut demoted: Vec<(Identifier, Reason)> = Vec::new();
    loop {
        let identifier = left.remove(weakest_at_fault(&left, &resolution, rules, graph));
        demoted.push((identifier, reason));
        resolution = settle(&left, graph);
        match objection(&resolution, rules, graph) {
            Some(next) => reason = next,
            None => break,
        }
    }
    let claimant = resolution.owner;
    let refusals = demoted.into_iter().map(|(identifier, reason)| Refusal {
        identifier,
        owner: graph.owner(identifier),
        claimant,
        reason,
    });
    resolution.refusals.extend(refusals);
    resolution
}

/// The place of the weakest identifier without which there is nothing to object to; else of the weakest that joins
/// anything. Never that of a user id, without which it would be somebody else's event.
fn weakest_at_fault(
    identifiers: &[Identifier],
    resolution: &Resolution,
    rules: &IdentityRules,
    graph: &impl IdentityGraph,
) -> usize {
    let candidates =
        || (0..identifiers.len()).rev().filter(|at| identifiers[*at].kind != IdentifierKind::User);
    let without = |at: &usize| {
        let mut rest = identifiers.to_vec();
        rest.remove(*at);
        !rest.is_empty() && objection(&settle(&rest, graph), rules, graph).is_none()
    };
    let joins = |at: &usize| {
        let identifier = identifiers[*at];
        resolution.links.contains(&identifier) || resolution.merges.iter().any(|(_, by)| *by == identifier)
    };
    candidates().find(without).or_else(|| candidates().find(joins)).unwrap_or(identifiers.len() - 1)
}

/// Whose event it is, limits and separations apart.
fn settle(identifiers: &[Identifier], graph: &impl IdentityGraph) -> Resolution {
    let owned: Vec<(Identifier, Option<Owner>)> = identifiers
        .iter()
        .map(|id| {
            (*id, if id.kind == IdentifierKind::User { Some(Owner::from(*id)) } else { graph.owner(*id) })
        })
        .collect();
    let strongest = Owner::from(identifiers[0]);
    let own = owned[0].1.unwrap_or(strongest);
    let winner = if identifiers[0].kind == IdentifierKind::User {
        // Whatever else it carries, an event with a user id is that user's.
        own
    } else {
        // A weak identifier's owner takes the event only where nothing personal stands beside it.
        let owners =
            owned.iter().filter(|(id, _)| id.kind.is_personal() || !identifiers[0].kind.is_personal());
        // An order's only where nothing else stands beside it.
        let owners = owners.filter(|(id, _)| !is_order(id.kind) || is_order(identifiers[0].kind));
        owners.filter_map(|(_, owner)| *owner).chain([own]).min().unwrap_or(own)
    };

    let mut resolution =
        Resolution { owner: winner, links: Vec::new(), merges: Vec::new(), refusals: Vec::new() };
    for (identifier, owner) in owned {
        match owner {
            None => resolution.links.push(identifier),
            Some(owner) if owner == winner || resolution.merges.iter().any(|(gone, _)| *gone == owner) => {}
            Some(owner) if may_merge(identifier, owner) => resolution.merges.push((owner, identifier)),
            Some(owner) => {
                let reason = Reason::of(identifier, winner, Some(owner), |_| false);
                resolution.refusals.push(Refusal {
                    identifier,
                    owner: Some(owner),
                    claimant: winner,
                    reason,
                });
            }
        }
    }
    resolution
}

/// What stands against a resolution.
fn objection(resolution: &Resolution, rules: &IdentityRules, graph: &impl IdentityGraph) -> Option<Reason> {
    let Resolution { owner, links, merges, .. } = resolution;
    // Nothing new, or somebody new under a single identifier: nearly all.
    let alone = matches!(links[..], [only] if Owner::from(only) == *owner);
    if merges.is_empty() && (links.is_empty() || alone) {
        return None;
    }
    let own = graph.linked(*owner);
    let mut more: Vec<Identifier> = Vec::new();
    let mut apart = graph.separated(*owner);
    apart.extend(kept_apart(&rules.separations, &own));
    for (merged, _) in merges {
        let theirs = graph.linked(*merged);
        let mut their_apart = graph.separated(*merged);
        their_apart.extend(kept_apart(&rules.separations, &theirs));
        let among = |apart: &[Identifier], ids: &[Identifier]| ids.iter().any(|id| apart.contains(id));
        if among(&apart, &theirs) || among(&their_apart, &own) || among(&their_apart, &more) {
            return Some(Reason::Separated);
        }
        apart.append(&mut their_apart);
        more.extend(theirs);
    }
    for link in links {
        let alone = [*link];
        let mut theirs = kept_apart(&rules.separations, &alone);
        if apart.contains(link) || theirs.any(|id| own.contains(&id) || more.contains(&id)) {
            return Some(Reason::Separated);
        }
        more.push(*link);
    }
    more.sort_unstable();
    more.dedup();
    more.retain(|id| !own.contains(id));
    rules.limits.exceeded(&own, &more).then_some(Reason::Limit)
}

/// Whether `owner`'s person may go into another because of this identifier.
fn may_merge(identifier: Identifier, owner: Owner) -> bool {
    owner.kind != IdentifierKind::User
        && (identifier.kind.is_personal() || !owner.kind.is_personal())
        // An order joins nobody but who was met by its number alone: a refund that came before it.
        && (!is_order(identifier.kind) || is_order(owner.kind))
}

fn is_order(kind: IdentifierKind) -> bool {
    kind == IdentifierKind::Order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::separation::Separation;
    use event::Key;
    use std::collections::HashMap;

    fn id(kind: IdentifierKind, n: u8) -> Identifier {
        Identifier { kind, key: Key([n; 16]) }
    }
    use IdentifierKind::{Anonymous, Email, Order, User};

    #[derive(Default)]
    struct Played {
        owners: HashMap<Identifier, Owner>,
        separated: Vec<Separation>,
    }

    impl IdentityGraph for Played {
        fn owner(&self, identifier: Identifier) -> Option<Owner> {
            self.owners.get(&identifier).copied()
        }

        fn linked(&self, person: Owner) -> Vec<Identifier> {
            let own = Some(Identifier { kind: person.kind, key: person.person });
            let owned = self.owners.iter().filter(|(_, owner)| **owner == person).map(|(id, _)| *id);
            let mut linked: Vec<Identifier> =
                own.into_iter().filter(|id| id.kind == User).chain(owned).collect();
            linked.sort_unstable();
            linked
        }

        fn separated(&self, person: Owner) -> Vec<Identifier> {
            kept_apart(&self.separated, &self.linked(person)).collect()
        }
    }

    impl Played {
        fn play(&mut self, identifiers: &[Identifier], rules: &IdentityRules) -> Resolution {
            let resolution = resolve(identifiers, rules, self);
            let merged = |owner: &Owner| resolution.merges.iter().any(|(gone, _)| gone == owner);
            for owner in self.owners.values_mut().filter(|owner| merged(owner)) {
                *owner = resolution.owner;
            }
            self.owners.extend(resolution.links.iter().map(|id| (*id, resolution.owner)));
            resolution
        }
    }

    /// Resolves events one after another, as the store would remember them: whose each is, and what was refused.
    fn play_by(rules: &IdentityRules, events: &[&[Identifier]]) -> (Vec<Key>, Vec<(Identifier, Reason)>) {
        let mut played = Played::default();
        let mut refusals = Vec::new();
        let people = events.iter().map(|identifiers| {
            let resolution = played.play(identifiers, rules);
            refusals.extend(resolution.refusals.iter().map(|refusal| (refusal.identifier, refusal.reason)));
            resolution.owner.person
        });
        (people.collect(), refusals)
    }

    fn play(events: &[&[Identifier]]) -> (Vec<Key>, usize) {
        let (people, refusals) = play_by(&IdentityRules::default(), events);
        (people, refusals.len())
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

    #[test]
    fn an_order_says_whose_a_refund_is_and_joins_nobody() {
        let (u, e, o, a, b) = (id(User, 9), id(Email, 5), id(Order, 4), id(Anonymous, 1), id(Anonymous, 2));
        // Placed, then refunded by its number alone.
        assert_eq!(play(&[&[u, o], &[o]]), (vec![u.key, u.key], 0));
        assert_eq!(play(&[&[e, o], &[o]]), (vec![e.key, e.key], 0));
        // The refund came first.
        assert_eq!(play(&[&[o], &[e, o], &[o]]), (vec![o.key, e.key, e.key], 0));
        // Two people, or two browsers, that name the same order stay two.
        let (people, _) = play(&[&[e, o], &[u, o], &[o]]);
        assert_eq!(people, [e.key, u.key, e.key]);
        let (people, _) = play(&[&[a, o], &[b, o], &[a], &[b]]);
        assert_eq!(people, [a.key, b.key, a.key, b.key]);
    }

    fn at_most(kind: IdentifierKind, most: u8) -> IdentityRules {
        let mut rules = IdentityRules::default();
        rules.limits.set(kind, most);
        rules
    }

    #[test]
    fn one_too_many_is_demoted() {
        let u = id(User, 9);
        let browsers: Vec<Identifier> = (1..=3).map(|n| id(Anonymous, n)).collect();
        let rules = at_most(Anonymous, 2);
        let events: Vec<[Identifier; 2]> = browsers.iter().map(|browser| [u, *browser]).collect();
        let mut events: Vec<&[Identifier]> = events.iter().map(|event| &event[..]).collect();
        events.extend([&browsers[..1], &browsers[2..]]);
        let (people, refusals) = play_by(&rules, &events);
        assert_eq!(people, [u.key, u.key, u.key, u.key, browsers[2].key]);
        assert_eq!(refusals, [(browsers[2], Reason::Limit)]);
    }

    #[test]
    fn what_is_demoted_is_the_weakest_that_is_at_fault() {
        let (u, a) = (id(User, 9), id(Anonymous, 1));
        let (e, f) = (id(Email, 5), id(Email, 6));
        let rules = at_most(Email, 1);
        // The browser is weaker than the second address, but it is no fault of the browser's.
        let (people, refusals) = play_by(&rules, &[&[u, e], &[u, f, a], &[a], &[f]]);
        assert_eq!((people, refusals), (vec![u.key, u.key, u.key, f.key], vec![(f, Reason::Limit)]));
    }

    #[test]
    fn nobody_is_merged_into_more_than_the_limit() {
        let (u, p) = (id(User, 9), id(IdentifierKind::Phone, 2));
        let (e, f) = (id(Email, 5), id(Email, 6));
        let rules = at_most(Email, 1);
        // The phone's owner has an address of their own, and stays apart.
        let events: [&[Identifier]; 4] = [&[u, e], &[f, p], &[u, p], &[p]];
        let (people, refusals) = play_by(&rules, &events);
        assert_eq!((people, refusals), (vec![u.key, f.key, u.key, f.key], vec![(p, Reason::Limit)]));
        // Many of a kind at once: the strongest stay.
        let browsers: Vec<Identifier> = (1..=8).map(|n| id(Anonymous, n)).collect();
        let (people, refusals) = play_by(&at_most(Anonymous, 3), &[&browsers, &browsers[7..]]);
        assert_eq!((people, refusals.len()), (vec![browsers[0].key, browsers[7].key], 5));
    }

    #[test]
    fn who_was_separated_is_never_joined_again() {
        let (u, e, a) = (id(User, 9), id(Email, 5), id(Anonymous, 1));
        let rules =
            IdentityRules { separations: vec![Separation { one: a, other: u }], ..IdentityRules::default() };
        // Neither directly, nor by way of the address that the visitor goes into, nor where the user was first.
        let events: [&[Identifier]; 5] = [&[a], &[u, a], &[e, a], &[u, e], &[a]];
        let (people, refusals) = play_by(&rules, &events);
        assert_eq!(people, [a.key, u.key, e.key, u.key, e.key]);
        assert_eq!(refusals, [(a, Reason::Separated), (e, Reason::Separated)]);
        assert_eq!(play_by(&rules, &[&[u, a], &[a]]).0, [u.key, a.key]);
        // Nor where both are new at once.
        let apart = IdentityRules { separations: vec![Separation { one: a, other: e }], ..rules };
        assert_eq!(play_by(&apart, &[&[e, a], &[a]]).0, [e.key, a.key]);
    }
}
