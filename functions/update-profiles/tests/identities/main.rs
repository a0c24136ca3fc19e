//! However people share what they are known by, and in whatever order it is told: known people stay apart, limits hold,
//! and a merge that is undone never was.

mod store;

use event::{Event, Identifier, IdentifierKind, Identifiers, Key};
use person::{Blob, IdentityRules, LogEntry, Owner, Profile, Separation};
use pollster::block_on;
use proptest::prelude::*;
use std::collections::BTreeMap;
use store::{Accepted, People};
use update_profiles::{Deps, NotUnmerged, run, unmerge};

use IdentifierKind::{Anonymous, Device, Email, Phone, User};

fn id(kind: IdentifierKind, n: u8) -> Identifier {
    let mut key = [n; 16];
    key[0] = kind as u8;
    Identifier { kind, key: Key(key) }
}

fn event_of(number: usize, carries: &[Identifier]) -> Event<'static> {
    let mut identifiers = Identifiers::default();
    carries.iter().for_each(|identifier| identifiers.insert(*identifier));
    let at = 1_700_000_000_000 + (number as i64 * 7_919 % 50_000) * 1_000;
    Event::reported(format!("m-{number}"), "Seen", identifiers, at, r#"{"n":1}"#.to_owned(), "test")
}

fn rules() -> IdentityRules {
    let mut rules = IdentityRules::default();
    for (kind, most) in [(Email, 2), (Phone, 1), (Device, 2), (Anonymous, 3)] {
        rules.limits.set(kind, most);
    }
    rules
}

/// Takes events in, in batches of these sizes.
fn take(people: &People, events: &[Event<'_>], batches: &[usize], rules: &IdentityRules) {
    let deps = Deps { store: people, wanted: &|_| false, rules };
    let mut rest = events;
    for size in batches.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (batch, later) = rest.split_at((*size).clamp(1, rest.len()));
        let outcome = block_on(run(&deps, batch)).unwrap();
        assert!(outcome.failed.is_empty() && outcome.duplicates.is_empty());
        rest = later;
    }
}

fn live(people: &People) -> BTreeMap<Key, Vec<u8>> {
    let (mut profiles, _) = people.state();
    profiles.retain(|_, blob| Blob::forward_of(blob).unwrap().is_none());
    profiles
}

/// What profiles say of identities, to be read where two differ.
fn identities(people: &People) -> Vec<String> {
    let show = |(person, blob): (&Key, &Vec<u8>)| {
        let mut profile = Profile::default();
        profile.decode(blob).unwrap();
        let name = |identifier: &Identifier| format!("{} {}", identifier.kind.as_str(), identifier.key.0[1]);
        let linked: Vec<String> = profile
            .identifiers
            .iter()
            .map(|id| format!("{} since {:x?}", name(id), profile.origin(*id).map(|o| o.message.0)))
            .collect();
        let refused: Vec<String> = profile
            .refused
            .iter()
            .map(|r| format!("{} {:x?}", name(&r.identifier), r.origin.map(|o| o.message.0)))
            .collect();
        let apart: Vec<String> = profile.separated.iter().map(name).collect();
        format!("{person} {} events: {linked:?}, refused {refused:?}, apart {apart:?}", profile.events)
    };
    live(people).iter().map(show).collect()
}

/// What may never be, whatever happened.
fn is_allowed(people: &People, rules: &IdentityRules, events: usize) -> Result<(), TestCaseError> {
    let mut counted = 0;
    let owners = people.owners.borrow();
    for (person, blob) in live(people) {
        let mut profile = Profile::default();
        profile.decode(&blob).unwrap();
        counted += profile.events;
        for kind in IdentifierKind::all() {
            let has = profile.identifiers.iter().filter(|identifier| identifier.kind == kind).count();
            prop_assert!(has <= usize::from(rules.limits.of(kind)), "{has} of {kind:?}");
        }
        for identifier in &profile.identifiers {
            let whose = match identifier.kind {
                User => Some(identifier.key),
                _ => owners.get(identifier).map(|owner| owner.person),
            };
            prop_assert_eq!(whose, Some(person), "a profile lists what is its own, and no more");
            prop_assert!(profile.origin(*identifier).is_some());
        }
        for refused in &profile.refused {
            prop_assert!(owners.get(&refused.identifier).is_none_or(|owner| owner.person != person));
        }
        for separation in &rules.separations {
            let has = |identifier| profile.identifiers.contains(&identifier);
            prop_assert!(!(has(separation.one) && has(separation.other)), "separated people are apart");
        }
    }
    // And nobody's identifier is missing from their list.
    for (identifier, owner) in owners.iter() {
        let blob = live(people).remove(&owner.person);
        prop_assert!(blob.is_some_and(|blob| Blob::identifiers(&blob).unwrap().contains(identifier)));
    }
    prop_assert_eq!(counted, events as u64, "each event counts once");
    Ok(())
}

/// What a few people and devices carry, in any mixture.
fn carried() -> impl Strategy<Value = Vec<Identifier>> {
    let any = prop_oneof![
        2 => (0u8..3).prop_map(|n| id(User, n)),
        2 => (0u8..4).prop_map(|n| id(Email, n)),
        1 => (0u8..3).prop_map(|n| id(Phone, n)),
        1 => (0u8..4).prop_map(|n| id(Device, n)),
        3 => (0u8..6).prop_map(|n| id(Anonymous, n)),
    ];
    prop::collection::vec(any, 1..4).prop_map(|mut carried| {
        // An event has one user id at most.
        carried.sort();
        let mut users = 0;
        carried.retain(|identifier| {
            identifier.kind != User || {
                users += 1;
                users == 1
            }
        });
        carried
    })
}

fn events() -> impl Strategy<Value = Vec<Event<'static>>> {
    prop::collection::vec(carried(), 1..40).prop_map(|carried| {
        carried.iter().enumerate().map(|(number, carries)| event_of(number, carries)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_order_the_outcome_is_allowed(
        events in events(), order in any::<u64>(),
        batches in prop::collection::vec(1usize..8, 1..5),
    ) {
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|event| event.hash.0.wrapping_mul(order | 1));
        let mut apart = rules();
        apart.separations.push(Separation { one: id(Anonymous, 0), other: id(User, 0) });
        apart.separations.push(Separation { one: id(Email, 1), other: id(Email, 2) });
        for (events, rules) in [(&events, rules()), (&shuffled, rules()), (&shuffled, apart)] {
            let people = People::default();
            take(&people, events, &batches, &rules);
            is_allowed(&people, &rules, events.len())?;
            // How they were batched does not matter.
            let one_by_one = People::default();
            take(&one_by_one, events, &[1], &rules);
            prop_assert_eq!(identities(&people), identities(&one_by_one));
            prop_assert!(live(&people) == live(&one_by_one));
        }
    }

    #[test]
    fn a_merge_that_is_undone_never_was(
        events in events(), later in events(), which in any::<prop::sample::Index>(),
        batches in prop::collection::vec(1usize..8, 1..5),
    ) {
        let later: Vec<Event<'_>> = later
            .into_iter()
            .enumerate()
            .map(|(n, event)| event_of(events.len() + n, &event.identifiers))
            .collect();
        let people = People::default();
        // As they come, one by one: so it is with a replay.
        take(&people, &events, &[1], &rules());
        let mut separations = Vec::new();
        // Twice, so that one separation holds while another is made.
        for _ in 0..2 {
            let merges = people.merges();
            if merges.is_empty() {
                break;
            }
            let (gone, into) = merges[which.index(merges.len())];
            let now = 1_800_000_000_000;
            let limits = rules().limits;
            let unmerged =
                block_on(unmerge(&people, &Accepted(&events), limits, (gone, into), now)).unwrap();
            prop_assert!(unmerged.gone != unmerged.into);
            separations.push(Separation { one: gone.into(), other: into.into() });
            let apart = IdentityRules { separations: separations.clone(), ..rules() };
            let replayed = People::default();
            take(&replayed, &events, &batches, &apart);
            prop_assert_eq!(identities(&people), identities(&replayed));
            prop_assert!(live(&people) == live(&replayed));
            prop_assert_eq!(&*people.owners.borrow(), &*replayed.owners.borrow());
            is_allowed(&people, &apart, events.len())?;
        }
        // What comes later does not join them again: nothing but what is stored says so.
        take(&people, &later, &batches, &rules());
        let apart = IdentityRules { separations, ..rules() };
        is_allowed(&people, &apart, events.len() + later.len())?;
    }
}

#[test]
fn the_joining_browser_goes_to_whom_a_replay_gives_it() {
    let (ann, ben, browser, email) = (id(User, 1), id(User, 2), id(Anonymous, 1), id(Email, 1));
    // Ann signs in at Ben's computer; what he looked at before becomes hers.
    let events: Vec<Event<'_>> =
        [&[browser][..], &[ann, browser], &[browser], &[ben, browser], &[ann, email]]
            .iter()
            .enumerate()
            .map(|(number, carries)| event_of(number, carries))
            .collect();
    let people = People::default();
    take(&people, &events, &[2], &rules());
    assert_eq!(people.owners.borrow()[&browser], Owner::from(ann));
    let counts = |people: &People, key: Identifier| {
        let blob = live(people).remove(&key.key).unwrap();
        let mut profile = Profile::default();
        profile.decode(&blob).unwrap();
        profile.events
    };
    assert_eq!((counts(&people, ann), counts(&people, ben)), (4, 1));

    let (gone, into) = (Owner::from(browser), Owner::from(ann));
    let unmerged = block_on(unmerge(&people, &Accepted(&events), rules().limits, (gone, into), 9)).unwrap();
    assert_eq!((unmerged.gone, unmerged.into, unmerged.events), (ben.key, ann.key, 5));
    assert_eq!((counts(&people, ann), counts(&people, ben)), (2, 3));
    assert_eq!(people.owners.borrow()[&browser], Owner::from(ben));
    let log = people.log.borrow();
    assert!(log[&ann.key].contains(&LogEntry::Unmerged { gone, into, at: 9 }));
    assert!(log[&ben.key].iter().any(|entry| entry.pair() == (gone, Owner::from(ben))));
}

#[test]
fn nothing_is_undone_without_the_whole_history() {
    let (ann, browser) = (id(User, 1), id(Anonymous, 1));
    let events = [event_of(0, &[browser]), event_of(1, &[ann, browser])];
    let people = People::default();
    take(&people, &events, &[1], &rules());
    let before = people.state();
    let merge = (Owner::from(browser), Owner::from(ann));
    let undo = |events| block_on(unmerge(&people, &Accepted(events), rules().limits, merge, 9));
    assert!(matches!(undo(&events[1..]), Err(NotUnmerged::Missing { counted: 2, found: 1 })));
    assert!(matches!(undo(&[]), Err(NotUnmerged::Unknown)));
    assert_eq!(people.state(), before);
    assert!(undo(&events).is_ok());
}
