//! Placements that learn which of their creatives to show.

use campaign::placement::{Choice, Visitor, Why};
use campaign::{Bandit, Creatives, Placement, ProfileView, Reward, Shown};
use event::{DAY, Event, Identifiers, Key, names};
use person::Profile;
use serde_json::json;
use std::collections::BTreeMap;

const NOW: i64 = 1_795_341_600_000;

const HERO: &str = "\
name: hero
default: nothing
creatives:
  - { name: case, lane: service, when: profile.service.open_cases > 0, content: 0 }
  - { name: pans, content: 1 }
  - { name: pots, content: 2 }
  - { name: over, ends: 2026-01-01, content: 3 }
learn: { explore: 0.1, min_samples: 20, window: 1d, reward: Order Completed }
";

fn placement() -> Placement {
    Placement::parse(HERO).unwrap()
}

/// What was learned of so many showings each, of which only those of `best` were rewarded.
fn learned(best: &str, times: u128) -> Creatives {
    let (mut shown, mut rewards) = (Vec::new(), Vec::new());
    for n in 0..times * 2 {
        let (action, creative) = (Key((n + 1).to_be_bytes()), ["pans", "pots"][(n % 2) as usize]);
        shown.push(Shown {
            action,
            identifiers: Identifiers::default(),
            at: 0,
            levels: BTreeMap::from([("creative".to_owned(), creative.to_owned())]),
            circumstances: Vec::new(),
        });
        if creative == best {
            rewards.push(Reward { action: Some(action), identifiers: Identifiers::default(), at: 1 });
        }
    }
    let mut bandit = Bandit::default();
    bandit.learn(&shown, &rewards, DAY, 2 * DAY);
    Creatives::new(BTreeMap::from([("placement:hero".to_owned(), bandit)]))
}

struct Person {
    number: u128,
    now: i64,
    held_out: bool,
}

fn person(number: u128) -> Person {
    Person { number, now: NOW, held_out: false }
}

fn see<T>(person: Person, lessons: &Creatives, look: impl FnOnce(&Choice<'_>) -> T) -> T {
    let (placement, profile) = (placement(), Profile::default());
    let event = Event::reported(
        String::new(),
        names::PAGE_VIEWED,
        Identifiers::default(),
        person.now,
        String::new(),
        "web",
    );
    let visitor = Visitor {
        now: person.now,
        profile: &profile,
        id: Key((person.number + 1).to_be_bytes()),
        user_id: None,
        anonymous_id: None,
        event: &event,
        default_only: None,
        held_out: person.held_out,
    };
    look(&placement.choose(&visitor, &ProfileView::new(&profile, person.now), None, lessons))
}

/// How many of 1,000 people are shown a creative, and of how many chance chose.
fn share(creative: &str, lessons: &Creatives) -> (usize, usize) {
    let seen: Vec<(bool, Why)> = (0..1_000)
        .map(|n| see(person(n), lessons, |choice| (choice.creative == Some(creative), choice.why)))
        .collect();
    let explored = seen.iter().filter(|(_, why)| *why == Why::Explored).count();
    (seen.iter().filter(|(is, _)| *is).count(), explored)
}

#[test]
fn until_enough_was_seen_chance_chooses_among_those_that_fit() {
    for lessons in [Creatives::default(), learned("pots", 19)] {
        let ((pans, explored), (pots, _)) = (share("pans", &lessons), share("pots", &lessons));
        assert_eq!((pans + pots, explored), (1_000, 1_000), "neither what is over nor what is for others");
        // Binomial: 500 give or take 16; five of these.
        assert!((420..=580).contains(&pans), "{pans}");
    }
}

#[test]
fn what_does_best_is_shown_but_for_a_floor_of_chance() {
    for best in ["pans", "pots"] {
        // Those that never fit were never shown, and are not waited for.
        let (shown, explored) = share(best, &learned(best, 200));
        // A tenth is explored, and half of that shows the best: 950 and 100, give or take 7 and 9.
        assert!((910..=985).contains(&shown) && (55..=145).contains(&explored), "{shown} {explored}");
    }
}

#[test]
fn who_looks_again_on_a_day_sees_the_same_and_it_is_told_once() {
    let nothing = Creatives::default();
    let look = |number, now| {
        see(Person { now, ..person(number) }, &nothing, |choice| {
            (choice.creative.unwrap().to_owned(), choice.learned.as_ref().unwrap().action)
        })
    };
    let midnight = NOW - NOW.rem_euclid(DAY);
    for number in 0..20 {
        assert_eq!(look(number, midnight), look(number, midnight + DAY - 1));
    }
    let changed = (0..200).filter(|n| look(*n, midnight).0 != look(*n, midnight + DAY).0).count();
    assert!((60..=140).contains(&changed), "another day, another draw: {changed}");
    assert_ne!(look(1, midnight).1, look(1, midnight + DAY).1);
    assert_ne!(look(1, midnight).1, look(2, midnight).1);
}

#[test]
fn who_gets_no_marketing_is_chosen_nothing_of_it() {
    let why = see(Person { held_out: true, ..person(1) }, &learned("pots", 200), |choice| {
        (choice.why, choice.creative.is_some(), choice.learned.is_some())
    });
    assert_eq!(why, (Why::Holdout, false, false));
}

#[test]
fn what_is_told_of_it_teaches() {
    let placement = placement();
    let learn = placement.learn.as_ref().unwrap();
    let (chosen, action) = see(person(1), &Creatives::default(), |choice| {
        let learned = choice.learned.clone().unwrap();
        (learned.chosen, learned.action)
    });
    let mut event = Event::reported(
        "viewed".to_owned(),
        names::CREATIVE_VIEWED,
        Identifiers::default(),
        NOW,
        json!({"placement": "hero", "creative": chosen.to_json(), "action_id": action.to_string()})
            .to_string(),
        "decide-experience",
    );
    let shown = learn.shown(&event).unwrap();
    assert_eq!((shown.action, shown.at, &shown.levels), (action, NOW, &chosen.levels));
    assert!(["pans", "pots"].contains(&shown.levels["creative"].as_str()));
    event.properties = event.properties.replace("\"hero\"", "\"footer\"").into();
    assert_eq!(learn.shown(&event), None, "another placement's");
}
