//! Stories of events and what is sent because of them, and the promise that order and batching do not matter.

use crate::play::{PERSON, Play, T0, buy, campaign, event, sent, view};
use campaign::{Campaigns, Journeys, Moment, ProfileView};
use event::{DAY, Event, HOUR, Key, MINUTE, SECOND};
use person::Profile;

/// Viewed and not bought within three days: a coupon.
const COUPON: &str = "
name: coupon
entry:
  event: Product Viewed
  key: event.properties.product_id
  keep: [product_id, price]
exit_on:
  - event: Order Completed
    key: event.product_ids
steps:
  - wait: 3d
  - send: coupon
    template: t.txt
";

/// The same with a second message a day later.
fn with_reminder() -> String {
    format!("{COUPON}  - wait: 1d\n  - send: reminder\n    template: t.txt\n")
}

#[test]
fn viewed_and_not_bought_gets_one_coupon_when_it_is_due() {
    let play = Play::new(COUPON).arrive(T0 + SECOND, view("a", T0)).run();
    assert_eq!(play.sent(), [(T0 + 3 * DAY + MINUTE, "coupon", "a".to_owned())]);
    let action = &play.actions[0].1;
    assert_eq!((action.person, action.entered_at, action.due_at), (PERSON, T0, T0 + 3 * DAY));
    assert_eq!(action.kept, r#"{"price":25,"product_id":"a"}"#);
    assert_eq!(play.stored, Vec::<u8>::new(), "nothing is left to remember");
}

#[test]
fn bought_in_time_gets_none() {
    let play = Play::new(COUPON).arrive(T0, view("a", T0)).arrive(T0 + DAY, buy(&["b", "a"], T0 + DAY)).run();
    assert_eq!(play.sent(), []);
}

#[test]
fn bought_another_product_gets_it_all_the_same() {
    let play = Play::new(COUPON).arrive(T0, view("a", T0)).arrive(T0 + DAY, buy(&["b"], T0 + DAY)).run();
    assert_eq!(play.sent(), [(T0 + 3 * DAY + MINUTE, "coupon", "a".to_owned())]);
}

#[test]
fn each_product_has_a_journey_of_its_own() {
    let play = Play::new(COUPON)
        .arrive(T0, view("a", T0))
        .arrive(T0 + HOUR, view("b", T0 + HOUR))
        .arrive(T0 + DAY, buy(&["a"], T0 + DAY))
        .run();
    assert_eq!(play.sent(), [(T0 + 3 * DAY + HOUR + MINUTE, "coupon", "b".to_owned())]);
}

#[test]
fn a_purchase_that_arrives_before_its_view_cancels() {
    let play = Play::new(COUPON)
        .arrive(T0 + DAY, buy(&["a"], T0 + DAY))
        .arrive(T0 + DAY + HOUR, view("a", T0))
        .run();
    assert_eq!(play.sent(), []);
}

#[test]
fn a_purchase_before_the_view_cancels_nothing() {
    let play = Play::new(COUPON).arrive(T0, buy(&["a"], T0 - 1)).arrive(T0 + HOUR, view("a", T0)).run();
    assert_eq!(play.actions.len(), 1);
}

#[test]
fn a_late_purchase_cancels_until_the_timer_fires() {
    let bought = T0 + 2 * DAY;
    let in_time = T0 + 3 * DAY + MINUTE - 1;
    let play = Play::new(COUPON).arrive(T0, view("a", T0)).arrive(in_time, buy(&["a"], bought)).run();
    assert_eq!(play.sent(), []);
    let play = Play::new(COUPON).arrive(T0, view("a", T0)).arrive(in_time + 2, buy(&["a"], bought)).run();
    assert_eq!(play.actions.len(), 1);
}

#[test]
fn a_purchase_after_the_due_time_does_not_cancel() {
    let due = T0 + 3 * DAY;
    for (bought, messages) in [(due, 0), (due + 1, 1)] {
        let play =
            Play::new(COUPON).arrive(T0, view("a", T0)).arrive(due + 2 * SECOND, buy(&["a"], bought)).run();
        assert_eq!(play.actions.len(), messages, "bought at due + {}", bought - due);
    }
}

#[test]
fn a_step_is_never_taken_early() {
    let campaigns = Campaigns::new(vec![campaign(COUPON)]);
    let seen = view("a", T0);
    let profile = Profile::default();
    let mut journeys = Journeys::default();
    let advance = |journeys: &mut Journeys, fresh: &[&Event], now: i64| {
        journeys.advance(
            &campaigns,
            PERSON,
            fresh,
            &ProfileView::new(&profile, now),
            Moment { now, lateness: MINUTE },
        )
    };
    assert!(advance(&mut journeys, &[&seen], T0).is_empty());
    assert!(advance(&mut journeys, &[], T0 + 3 * DAY + MINUTE - 1).is_empty());
    assert_eq!(advance(&mut journeys, &[], T0 + 3 * DAY + MINUTE).len(), 1);
    assert!(advance(&mut journeys, &[], T0 + 30 * DAY).is_empty());
}

#[test]
fn two_steps_with_waits() {
    let play = Play::new(&with_reminder()).arrive(T0, view("a", T0)).run();
    let due = T0 + 3 * DAY;
    assert_eq!(
        play.sent(),
        [(due + MINUTE, "coupon", "a".to_owned()), (due + DAY + MINUTE, "reminder", "a".to_owned())]
    );
    let play = Play::new(&with_reminder())
        .arrive(T0, view("a", T0))
        .arrive(due + HOUR, buy(&["a"], due + HOUR))
        .run();
    assert_eq!(sent(&play), ["coupon"]);
}

#[test]
fn a_purchase_between_due_time_and_firing_cancels_the_next_step() {
    let due = T0 + 3 * DAY;
    let play = Play::new(&with_reminder())
        .arrive(T0, view("a", T0))
        .arrive(due + 5 * SECOND, buy(&["a"], due + 2 * SECOND))
        .run();
    assert_eq!(sent(&play), ["coupon"]);
}

#[test]
fn a_cancel_without_a_key_ends_every_journey() {
    let file = COUPON.replace("    key: event.product_ids\n", "");
    let play = Play::new(&file)
        .arrive(T0, view("a", T0))
        .arrive(T0, view("b", T0))
        .arrive(T0 + HOUR, buy(&["c"], T0 + HOUR))
        .run();
    assert_eq!(play.sent(), []);
}

#[test]
fn a_cancel_has_its_own_condition() {
    let file = COUPON.replace(
        "    key: event.product_ids\n",
        "    key: event.product_ids\n    when: event.amount_minor >= 1000\n",
    );
    let order = |total: u32| {
        event(
            "Order Completed",
            &format!(r#"{{"total":{total},"products":[{{"product_id":"a"}}]}}"#),
            T0 + HOUR,
        )
    };
    for (total, messages) in [(9, 1), (10, 0)] {
        let play = Play::new(&file).arrive(T0, view("a", T0)).arrive(T0 + HOUR, order(total)).run();
        assert_eq!(play.actions.len(), messages, "an order of {total}");
    }
}

#[test]
fn a_step_without_a_wait_is_taken_at_once() {
    let file = COUPON.replace("  - wait: 3d\n", "");
    let play = Play::new(&file).arrive(T0 + SECOND, view("a", T0)).run();
    assert_eq!(play.sent(), [(T0 + SECOND, "coupon", "a".to_owned())]);
}

#[test]
fn a_key_list_begins_a_journey_for_each() {
    let file = "
name: review
entry:
  event: Order Completed
  key: event.product_ids
steps:
  - wait: 7d
  - send: review
    template: t.txt
";
    let play = Play::new(file).arrive(T0, buy(&["a", "b"], T0)).run();
    let keys: Vec<&str> = play.actions.iter().map(|(_, action)| action.key.as_str()).collect();
    assert_eq!(keys, ["a", "b"]);
    assert_ne!(play.actions[0].1.id, play.actions[1].1.id);
}

/// Views of one product on days 0, 1 and 5; when messages are due, in days.
fn due_days(reentry: &str) -> Vec<i64> {
    let file = COUPON.replace("  keep:", &format!("  reentry: {reentry}\n  keep:"));
    let views = [0, 1, 5].map(|day| T0 + day * DAY);
    let play = views.into_iter().fold(Play::new(&file), |play, at| play.arrive(at, view("a", at))).run();
    play.actions.iter().map(|(_, action)| (action.due_at - T0) / DAY).collect()
}

#[test]
fn reentry_ignores_restarts_or_begins_another() {
    assert_eq!(due_days("ignore"), [3, 8]);
    assert_eq!(due_days("restart"), [4, 8]);
    assert_eq!(due_days("each"), [3, 4, 8]);
}

#[test]
fn a_restart_begins_with_the_first_step_again() {
    let file = with_reminder().replace("  keep:", "  reentry: restart\n  keep:");
    let again = T0 + 3 * DAY + HOUR;
    let play = Play::new(&file).arrive(T0, view("a", T0)).arrive(again, view("a", again)).run();
    assert_eq!(sent(&play), ["coupon", "coupon", "reminder"]);
    assert_eq!(play.actions[1].1.due_at, again + 3 * DAY);
}

#[test]
fn a_view_that_was_ignored_counts_once_the_first_is_found_cancelled() {
    // Viewed, bought, viewed again; the order is the last to arrive.
    let (bought, again) = (T0 + HOUR, T0 + 2 * HOUR);
    let play = Play::new(COUPON)
        .arrive(T0, view("a", T0))
        .arrive(again, view("a", again))
        .arrive(T0 + DAY, buy(&["a"], bought))
        .run();
    assert_eq!(play.sent(), [(again + 3 * DAY + MINUTE, "coupon", "a".to_owned())]);
}

#[test]
fn events_older_than_max_age_let_nobody_in() {
    let file = COUPON.replace("  keep:", "  max_age: 2h\n  keep:");
    for (late, messages) in [(2 * HOUR, 1), (2 * HOUR + 1, 0)] {
        let play = Play::new(&file).arrive(T0 + late, view("a", T0)).run();
        assert_eq!(play.actions.len(), messages, "{late} ms late");
    }
}

#[test]
fn starts_and_ends_are_about_when_it_happened() {
    // T0 is 2026-11-22T10:00:00Z.
    let file = format!("starts: 2026-11-22T10:00:00Z\nends: 2026-11-22T11:00:00Z{COUPON}");
    for (at, messages) in [(T0 - 1, 0), (T0, 1), (T0 + HOUR - 1, 1), (T0 + HOUR, 0)] {
        let play = Play::new(&file).arrive(T0 + 2 * HOUR, view("a", at)).run();
        assert_eq!(play.actions.len(), messages, "viewed at start + {}", at - T0);
    }
}

#[test]
fn only_the_audience_enters() {
    let file = format!("audience: profile.orders.count >= 1{COUPON}");
    let play = Play::new(&file)
        .arrive(T0, view("a", T0))
        .arrive(T0 + HOUR, buy(&["x"], T0 + HOUR))
        .arrive(T0 + 2 * HOUR, view("b", T0 + 2 * HOUR))
        .run();
    let keys: Vec<&str> = play.actions.iter().map(|(_, action)| action.key.as_str()).collect();
    assert_eq!(keys, ["b"]);
}

#[test]
fn the_entry_condition_is_asked() {
    let file = COUPON.replace("  keep:", "  when: event.properties.price > 20\n  keep:");
    let priced =
        |price: &str| event("Product Viewed", &format!(r#"{{"product_id":"a","price":{price}}}"#), T0);
    for (price, messages) in [("20", 0), ("20.01", 1), ("25", 1), ("\"25\"", 0), ("null", 0)] {
        assert_eq!(Play::new(&file).arrive(T0, priced(price)).run().actions.len(), messages, "{price}");
    }
}

#[test]
fn an_event_without_its_key_lets_nobody_in_and_cancels_nothing() {
    let nothing = |name: &str, at| event(name, "{}", at);
    let play = Play::new(COUPON)
        .arrive(T0, nothing("Product Viewed", T0))
        .arrive(T0, view("a", T0))
        .arrive(T0 + HOUR, nothing("Order Completed", T0 + HOUR))
        .run();
    assert_eq!(sent(&play), ["coupon"]);
    let endless = view(&"x".repeat(300), T0);
    assert!(Play::new(COUPON).arrive(T0, endless).run().actions.is_empty());
}

#[test]
fn what_is_kept_is_bounded_and_read_whatever_its_spelling() {
    let file = COUPON.replace("keep: [product_id, price]", "keep: [名, text, price]");
    let long = "x".repeat(5_000);
    let seen = event(
        "Product Viewed",
        &format!(r#"{{"product_id":"a","\u540d":"\u8336","text":"{long}","price":1.50}}"#),
        T0,
    );
    let play = Play::new(&file).arrive(T0, seen).run();
    let kept: serde_json::Value = serde_json::from_str(&play.actions[0].1.kept).unwrap();
    assert_eq!(kept, serde_json::json!({"名": "茶", "price": 1.5}));
}

#[test]
fn a_campaign_that_is_gone_takes_its_journeys_with_it() {
    let mut play = Play::new(COUPON).arrive(T0, view("a", T0)).run_until(T0 + DAY);
    assert!(!play.stored.is_empty());
    play.campaigns = Campaigns::default();
    let play = play.run();
    assert!(play.actions.is_empty() && play.stored.is_empty());
}

#[test]
fn a_message_has_the_same_id_however_often_it_is_evaluated() {
    let seen = view("a", T0);
    let ids = |late: i64| {
        let play = Play::new(&with_reminder()).arrive(T0 + late, seen.clone()).run();
        play.actions.iter().map(|(_, action)| action.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(0), ids(40 * SECOND));
    assert_eq!(ids(0).len(), 2);
    assert_ne!(ids(0)[0], ids(0)[1]);
    let of = |person: Key| {
        let campaigns = Campaigns::new(vec![campaign(COUPON)]);
        let (profile, now) = (Profile::default(), T0 + 4 * DAY);
        let moment = Moment { now, lateness: 0 };
        let mut journeys = Journeys::default();
        journeys.advance(&campaigns, person, &[&seen], &ProfileView::new(&profile, now), moment)[0].id
    };
    assert_eq!(of(PERSON), ids(0)[0]);
    assert_ne!(of(Key([9; 16])), ids(0)[0]);
}

#[test]
fn merged_people_share_their_journeys_and_what_cancels_them() {
    let campaigns = Campaigns::new(vec![campaign(COUPON)]);
    let profile = Profile::default();
    let (seen_a, seen_b, bought) = (view("a", T0), view("b", T0), buy(&["a"], T0 + HOUR));
    let now = T0 + 2 * HOUR;
    let moment = |now| Moment { now, lateness: MINUTE };
    let (mut anonymous, mut known) = (Journeys::default(), Journeys::default());
    anonymous.advance(
        &campaigns,
        Key([8; 16]),
        &[&seen_a, &seen_b],
        &ProfileView::new(&profile, now),
        moment(now),
    );
    known.advance(&campaigns, PERSON, &[&bought], &ProfileView::new(&profile, now), moment(now));
    known.merge(anonymous.clone(), &campaigns);
    known.merge(anonymous, &campaigns);
    let later = T0 + 4 * DAY;
    let actions = known.advance(&campaigns, PERSON, &[], &ProfileView::new(&profile, later), moment(later));
    let keys: Vec<&str> = actions.iter().map(|action| action.key.as_str()).collect();
    assert_eq!(keys, ["b"]);
}

#[test]
fn a_timer_is_set_once_and_again_only_for_something_earlier() {
    let campaigns = Campaigns::new(vec![campaign(COUPON)]);
    let profile = Profile::default();
    let mut journeys = Journeys::default();
    let mut visit = |fresh: &[&Event], now: i64, fired: bool| {
        let moment = Moment { now, lateness: MINUTE };
        journeys.advance(&campaigns, PERSON, fresh, &ProfileView::new(&profile, now), moment);
        let minute = now.div_euclid(MINUTE) as u32;
        journeys.arm(fired.then_some(minute), MINUTE)
    };
    let minute = |at: i64| (at / MINUTE) as u32;
    let (a, b, c) = (view("a", T0), view("b", T0 + HOUR), view("c", T0 - HOUR));
    assert_eq!(visit(&[&a], T0, false), Some(minute(T0 + 3 * DAY) + 1));
    assert_eq!(visit(&[&b], T0 + HOUR, false), None, "the timer that is set comes first");
    assert_eq!(visit(&[&c], T0 + HOUR, false), Some(minute(T0 - HOUR + 3 * DAY) + 1));
    let fired = T0 - HOUR + 3 * DAY + MINUTE;
    assert_eq!(visit(&[], fired, true), Some(minute(T0 + 3 * DAY) + 1), "the next one is set as one fires");
    // The queue's clock was ahead: the timer is gone, though its minute is not yet here.
    assert_eq!(visit(&[], T0 + 3 * DAY + MINUTE - 1, true), Some(minute(T0 + 3 * DAY) + 1));
    let last = T0 + HOUR + 3 * DAY + MINUTE;
    assert_eq!(visit(&[], T0 + 3 * DAY + MINUTE, true), Some(minute(last)));
    assert_eq!(visit(&[], last, true), None);
}

#[test]
fn who_wants_no_profile_enters_service_alone() {
    let mut answer = event("Consent Changed", "", T0);
    answer.context.consent = Some(r#"{"analytics":false}"#.into());
    let mut profile = Profile::default();
    profile.apply(&answer);
    for (yaml, journeys) in
        [(COUPON.to_owned(), 0), (COUPON.replace("name: coupon", "name: coupon\nlane: service"), 1)]
    {
        let campaigns = Campaigns::new(vec![campaign(&yaml)]);
        let (moment, seen) = (Moment { now: T0 + HOUR, lateness: MINUTE }, view("a", T0));
        let mut entered = Journeys::default();
        let view = ProfileView::new(&profile, moment.now);
        entered.advance(&campaigns, PERSON, &[&seen], &view, moment);
        assert_eq!(entered.campaigns().len(), journeys, "{yaml}");
    }
}
