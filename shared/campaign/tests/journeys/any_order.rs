//! Whatever the order and the batches in which a person's events arrive, the same is sent; what that is, a plain
//! reading of the rules over all events at once says.

use crate::play::{PERSON, Play, T0, campaign, event_with_id, order};
use campaign::{Action, ActionKind, Campaigns, Journeys, Moment, ProfileView};
use event::{Event, HOUR, MINUTE, SECOND};
use person::Profile;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What a person does: views or buys a product of three at a time.
#[derive(Debug, Clone, Copy)]
struct Deed {
    buys: bool,
    product: u8,
    at: i64,
    /// How long after it happened it arrives, ms.
    delay: i64,
    /// Where it stands in the order of arrival, where delays do not count.
    turn: u16,
}

const WAITS: [i64; 2] = [30 * MINUTE, 20 * MINUTE];
const REENTRY: [&str; 3] = ["ignore", "restart", "each"];
const PRODUCTS: [&str; 3] = ["a", "b", "c"];

fn deed(span: i64) -> impl Strategy<Value = Deed> {
    // Few distinct minutes, so that events meet each other and the edges of waits.
    let at = (0..span / MINUTE, prop_oneof![Just(0), Just(1), 0..MINUTE]);
    let delay = 0..50 * SECOND;
    (prop::bool::weighted(0.3), 0u8..3, at, delay, any::<u16>()).prop_map(
        |(buys, product, (minute, rest), delay, turn)| Deed {
            buys,
            product,
            at: T0 + minute * MINUTE + rest,
            delay,
            turn,
        },
    )
}

fn deeds(span: i64) -> impl Strategy<Value = Vec<Deed>> {
    let few_views = |deeds: &Vec<Deed>| {
        // Of more than eight that wait for each other, the engine lets some go.
        (0u8..3).all(|product| deeds.iter().filter(|d| !d.buys && d.product == product).count() <= 8)
    };
    prop::collection::vec(deed(span), 1..22).prop_filter("too many views of one product", few_views)
}

fn file(reentry: &str, waits: [i64; 2]) -> String {
    format!(
        "
name: test
entry:
  event: Product Viewed
  key: event.properties.product_id
  reentry: {reentry}
exit_on:
  - event: Order Completed
    key: event.product_ids
steps:
  - wait: {}s
  - send: first
    template: t.txt
  - wait: {}s
  - send: second
    template: t.txt
",
        waits[0] / SECOND,
        waits[1] / SECOND
    )
}

fn event_of(index: usize, deed: &Deed) -> Event<'static> {
    let product = PRODUCTS[usize::from(deed.product)];
    match deed.buys {
        true => event_with_id(index as u64, "Order Completed", &order(&[product]), deed.at),
        false => event_with_id(
            index as u64,
            "Product Viewed",
            &format!(r#"{{"product_id":"{product}"}}"#),
            deed.at,
        ),
    }
}

/// What is to be sent, read off all that happened: product, entry time, step and due time.
fn expected(deeds: &[Deed], reentry: &str, waits: [i64; 2]) -> Vec<(u8, i64, &'static str, i64)> {
    let mut sent = Vec::new();
    for product in 0..3 {
        let bought: Vec<i64> =
            deeds.iter().filter(|d| d.buys && d.product == product).map(|d| d.at).collect();
        let mut views: Vec<(i64, u64)> = deeds
            .iter()
            .enumerate()
            .filter(|(_, d)| !d.buys && d.product == product)
            .map(|(index, d)| (d.at, event_of(index, d).hash.0))
            .collect();
        views.sort_unstable();
        let mut under_way_until = i64::MIN;
        for (n, (entered, _)) in views.iter().enumerate() {
            if reentry == "ignore" && *entered <= under_way_until {
                continue;
            }
            let dues = [entered + waits[0], entered + waits[0] + waits[1]];
            let cancelled = bought.iter().copied().filter(|at| at >= entered).min().unwrap_or(i64::MAX);
            let replaced = match views.get(n + 1) {
                Some((at, _)) if reentry == "restart" => *at,
                _ => i64::MAX,
            };
            for (step, due) in ["first", "second"].into_iter().zip(dues) {
                if due < cancelled && due < replaced {
                    sent.push((product, *entered, step, due));
                }
            }
            under_way_until = dues[1].min(cancelled);
        }
    }
    sent.sort_unstable();
    sent
}

fn as_sent(actions: &[Action]) -> Vec<(u8, i64, &'static str, i64)> {
    let read = |action: &Action| {
        let product = PRODUCTS.iter().position(|p| *p == action.key).unwrap() as u8;
        (product, action.entered_at, if action.step == "first" { "first" } else { "second" }, action.due_at)
    };
    let mut sent: Vec<_> = actions.iter().map(read).collect();
    sent.sort_unstable();
    sent
}

/// A view, then within 40 minutes the product in the cart, or not; then a message, and another after 20 minutes.
fn chase(reentry: &str) -> String {
    format!(
        "
name: chase
entry: {{ event: Product Viewed, key: event.properties.product_id, reentry: {reentry} }}
exit_on: [ {{ event: Order Completed, key: event.product_ids }} ]
steps:
  - wait_for_event: {{ event: Product Added, key: event.properties.product_id }}
    timeout: 40m
    then: [ {{ send: added, template: t.txt }} ]
    timed_out: [ {{ send: waited, template: t.txt }} ]
  - wait: 20m
  - send: last
    template: t.txt
"
    )
}

/// What is to be sent of it, read off all that happened.
fn chased(deeds: &[Deed], adds: &[(u8, i64, i64)], each: bool) -> Vec<(u8, i64, String, i64)> {
    let mut sent = Vec::new();
    for product in 0..3 {
        let of = |buys: bool| {
            let mut times: Vec<(i64, u64)> = deeds
                .iter()
                .enumerate()
                .filter(|(_, d)| d.buys == buys && d.product == product)
                .map(|(n, d)| (d.at, event_of(n, d).hash.0))
                .collect();
            times.sort_unstable();
            times
        };
        let views = of(false);
        for (n, (entered, _)) in views.iter().enumerate() {
            let bought = of(true).iter().map(|(at, _)| *at).find(|at| at >= entered).unwrap_or(i64::MAX);
            let again = views.get(n + 1).map_or(i64::MAX, |(at, _)| *at);
            let ends = if each { bought } else { bought.min(again) };
            let added = adds
                .iter()
                .filter(|(p, ..)| *p == product)
                .map(|(_, minute, _)| T0 + minute * MINUTE + 30 * SECOND)
                .filter(|at| at > entered && *at <= entered + 40 * MINUTE)
                .min();
            let (step, first) = added.map_or(("waited", entered + 40 * MINUTE), |at| ("added", at));
            for (step, due) in [(step, first), ("last", first + 20 * MINUTE)] {
                if due < ends {
                    sent.push((product, *entered, step.to_owned(), due));
                }
            }
        }
    }
    sent.sort_unstable();
    sent
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// All arrive before anything is due, in any order and any batches.
    #[test]
    fn order_of_arrival_and_batches_do_not_matter(
        deeds in deeds(2 * HOUR),
        reentry in 0usize..3,
        splits in prop::collection::vec(1usize..6, 1..22),
    ) {
        let (reentry, waits) = (REENTRY[reentry], [3 * HOUR, HOUR]);
        let campaigns = Campaigns::new(vec![campaign(&file(reentry, waits))]);
        let events: Vec<Event> = deeds.iter().enumerate().map(|(n, deed)| event_of(n, deed)).collect();
        let mut by_turn: Vec<usize> = (0..events.len()).collect();
        by_turn.sort_by_key(|n| deeds[*n].turn);
        let profile = Profile::default();
        let play = |batches: &[Vec<usize>]| {
            let mut stored = Vec::new();
            let mut now = T0 + 2 * HOUR;
            let mut actions = Vec::new();
            let mut visit = |fresh: &[&Event], now: i64| {
                let mut journeys = Journeys::decode(&stored).unwrap();
                let moment = Moment { now, lateness: MINUTE };
                let due = journeys.advance(&campaigns, PERSON, fresh, &ProfileView::new(&profile, now), moment);
                actions.extend(due);
                journeys.arm(None, MINUTE);
                stored = journeys.encode();
            };
            for batch in batches {
                now += SECOND;
                visit(&batch.iter().map(|n| &events[*n]).collect::<Vec<_>>(), now);
            }
            visit(&[], now + 24 * HOUR);
            visit(&[], now + 24 * HOUR);
            actions
        };
        let mut rest = &by_turn[..];
        let mut batches = Vec::new();
        for size in splits.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (batch, left) = rest.split_at((*size).min(rest.len()));
            batches.push(batch.to_vec());
            rest = left;
        }
        let (split, whole) = (play(&batches), play(&[(0..events.len()).collect()]));
        let ids = |actions: &[Action]| actions.iter().map(|a| (a.id, a.due_at)).collect::<BTreeSet<_>>();
        prop_assert_eq!(ids(&split), ids(&whole));
        prop_assert_eq!(split.len(), ids(&split).len(), "one message, one action");
        prop_assert_eq!(as_sent(&split), expected(&deeds, reentry, waits));
    }

    /// Each arrives within the allowed lateness, while timers fire: the same as if all had been known at once.
    #[test]
    fn events_within_the_allowed_lateness_are_as_good_as_punctual(deeds in deeds(5 * HOUR), reentry in 0usize..3) {
        let reentry = REENTRY[reentry];
        let play = deeds.iter().enumerate().fold(Play::new(&file(reentry, WAITS)), |play, (n, deed)| {
            play.arrive(deed.at + deed.delay, event_of(n, deed))
        });
        let play = play.run();
        for (at, action) in &play.actions {
            let late = at - action.due_at;
            prop_assert!((Play::LATENESS..Play::LATENESS + MINUTE).contains(&late), "sent {late} ms after it was due");
        }
        let actions: Vec<Action> = play.actions.iter().map(|(_, action)| action.clone()).collect();
        prop_assert_eq!(as_sent(&actions), expected(&deeds, reentry, WAITS));
        prop_assert!(play.stored.is_empty(), "what is over is forgotten");
    }

    /// The same where steps wait for events: of what happened the earliest counts, whatever arrives first.
    #[test]
    fn waits_for_events_do_not_depend_on_the_order_of_arrival(
        deeds in deeds(3 * HOUR),
        adds in prop::collection::vec((0u8..3, 0..180i64, 0..50 * SECOND), 0..8),
        each: bool,
    ) {
        let reentry = if each { "each" } else { "restart" };
        let mut play = deeds.iter().enumerate().fold(Play::new(&chase(reentry)), |play, (n, deed)| {
            play.arrive(deed.at + deed.delay, event_of(n, deed))
        });
        for (n, (product, minute, delay)) in adds.iter().enumerate() {
            // Between the edges that the deeds stand on, so that no two things happen at once.
            let at = T0 + minute * MINUTE + 30 * SECOND;
            let id = PRODUCTS[usize::from(*product)];
            let added = event_with_id(1_000 + n as u64, "Product Added", &format!(r#"{{"product_id":"{id}"}}"#), at);
            play = play.arrive(at + delay, added);
        }
        let play = play.run();
        let mut sent: Vec<_> = play
            .actions
            .iter()
            .map(|(_, action)| {
                let product = PRODUCTS.iter().position(|p| *p == action.key).unwrap() as u8;
                (product, action.entered_at, action.step.clone(), action.due_at)
            })
            .collect();
        sent.sort_unstable();
        prop_assert_eq!(sent, chased(&deeds, &adds, each));
        prop_assert!(play.stored.is_empty(), "what is over is forgotten");
    }

    /// Journeys are stored and read back as they are.
    #[test]
    fn what_is_stored_is_read_back(deeds in deeds(5 * HOUR), reentry in 0usize..3, more in deeds(HOUR)) {
        let campaigns = Campaigns::new(vec![campaign(&file(REENTRY[reentry], WAITS))]);
        let profile = Profile::default();
        let mut journeys = Journeys::default();
        for (round, deeds) in [deeds, more].iter().enumerate() {
            let events: Vec<Event> = deeds.iter().enumerate().map(|(n, deed)| event_of(n + 100 * round, deed)).collect();
            let now = T0 + 5 * HOUR;
            let moment = Moment { now, lateness: MINUTE };
            let fresh: Vec<&Event> = events.iter().collect();
            journeys.advance(&campaigns, PERSON, &fresh, &ProfileView::new(&profile, now), moment);
            journeys.arm(None, MINUTE);
            let read = Journeys::decode(&journeys.encode()).unwrap();
            if journeys.campaigns().is_empty() {
                prop_assert!(read.campaigns().is_empty());
            } else {
                prop_assert_eq!(&read, &journeys);
            }
        }
    }

    #[test]
    fn damaged_journeys_are_an_error_and_no_panic(bytes: Vec<u8>) {
        let _ = Journeys::decode(&bytes);
        let _ = Action::decode(&bytes);
    }

    #[test]
    fn actions_are_stored_and_read_back(
        id: [u8; 16], entered_at: i64, due_at: i64, texts in prop::array::uniform4(".{0,200}"), service: bool,
        version: u32, priority in 0u8..=100, kind in 0..3,
    ) {
        let [campaign, step, key, kept] = texts;
        let lane = if service { campaign::Lane::Service } else { campaign::Lane::Marketing };
        let kind = match kind {
            0 => ActionKind::Send,
            1 => ActionKind::Goal,
            _ => ActionKind::Exposure { experiment: key.clone(), variation: step.clone() },
        };
        let action = Action { id: event::Key(id), person: PERSON, kind, campaign, version, priority, step, key, entered_at, due_at, lane, kept };
        prop_assert_eq!(Action::decode(&action.encode()).unwrap(), action);
    }
}
