//! Campaigns with branches, calendar waits, waits for events, goals, versions and other entries than events.

use crate::play::{PERSON, Play, T0, buy, campaign, event, sent, view};
use campaign::{Action, ActionKind, Campaigns, Journeys, Moment, ProfileView, Span, Step};
use event::{DAY, HOUR, Key, MINUTE};
use person::Profile;

/// When each step was due, from T0, in minutes.
fn due(play: &Play) -> Vec<(&str, i64)> {
    play.actions.iter().map(|(_, action)| (action.step.as_str(), (action.due_at - T0) / MINUTE)).collect()
}

const CHASE: &str = "
name: chase
entry: { event: Product Viewed, key: event.properties.product_id, reentry: each }
exit_on: [ { event: Unsubscribed } ]
steps:
  - wait_for_event: { event: Product Added, key: event.properties.product_id }
    timeout: 1h
    then:
      - wait: 30m
      - send: in-cart
        template: t.txt
    timed_out:
      - send: not-in-cart
        template: t.txt
  - wait: 1d
  - send: last
    template: t.txt
";

fn add(product: &str, at: i64) -> event::Event<'static> {
    event("Product Added", &format!(r#"{{"product_id":"{product}"}}"#), at)
}

#[test]
fn a_wait_for_an_event_goes_on_with_it_or_without() {
    let play =
        Play::new(CHASE).arrive(T0, view("a", T0)).arrive(T0 + 20 * MINUTE, add("a", T0 + 20 * MINUTE));
    assert_eq!(due(&play.run()), [("in-cart", 50), ("last", 50 + 24 * 60)]);
    let play =
        Play::new(CHASE).arrive(T0, view("a", T0)).arrive(T0 + 20 * MINUTE, add("b", T0 + 20 * MINUTE));
    assert_eq!(due(&play.run()), [("not-in-cart", 60), ("last", 60 + 24 * 60)], "another product");
    let play =
        Play::new(CHASE).arrive(T0, view("a", T0)).arrive(T0 + 61 * MINUTE, add("a", T0 + 61 * MINUTE));
    assert_eq!(due(&play.run()), [("not-in-cart", 60), ("last", 60 + 24 * 60)], "too late");
    let play = Play::new(CHASE).arrive(T0, view("a", T0)).arrive(T0 - HOUR, add("a", T0 - HOUR));
    assert_eq!(due(&play.run())[0], ("not-in-cart", 60), "before the wait began");
}

#[test]
fn of_an_event_and_an_exit_the_earlier_counts_whichever_arrives_first() {
    let at = |minutes: i64| T0 + minutes * MINUTE;
    let no = |minutes: i64| event("Unsubscribed", "{}", at(minutes));
    // The exit arrives first, the event happened before it.
    let play = Play::new(CHASE)
        .arrive(T0, view("a", T0))
        .arrive(at(20), no(20))
        .arrive(at(20) + 30_000, add("a", at(19)));
    assert_eq!(due(&play.run()), [], "between the event and what it leads to the exit still counts");
    let quick = CHASE.replace("      - wait: 30m\n", "");
    let story = |first, second| {
        let play =
            Play::new(&quick).arrive(T0, view("a", T0)).arrive(at(20), first).arrive(at(20) + 30_000, second);
        due(&play.run()).iter().map(|(step, at)| format!("{step} {at}")).collect::<Vec<_>>()
    };
    assert_eq!(story(no(20), add("a", at(19))), ["in-cart 19"]);
    assert_eq!(story(add("a", at(19)), no(20)), ["in-cart 19"]);
    assert_eq!(story(add("a", at(20)), no(19)), [] as [&str; 0]);
    assert_eq!(story(no(19), add("a", at(20))), [] as [&str; 0]);
}

const BRANCHES: &str = "
name: branches
entry: { event: Product Viewed, reentry: each }
steps:
  - wait: 1h
  - if: profile.orders.count >= 1
    then:
      - if: profile.orders.count >= 2
        then: [ { exit: true } ]
      - send: customer
        template: t.txt
    else:
      - send: visitor
        template: t.txt
  - wait: 1h
  - send: everybody
    template: t.txt
";

#[test]
fn a_branch_is_decided_when_it_is_reached() {
    assert_eq!(sent(&Play::new(BRANCHES).arrive(T0, view("a", T0)).run()), ["visitor", "everybody"]);
    let bought = |play: Play, at| play.arrive(at, buy(&["x"], at));
    let play = bought(Play::new(BRANCHES).arrive(T0, view("a", T0)), T0 + 30 * MINUTE);
    assert_eq!(sent(&play.run()), ["customer", "everybody"]);
    let play = bought(Play::new(BRANCHES).arrive(T0, view("a", T0)), T0 + 61 * MINUTE + 30_000);
    assert_eq!(sent(&play.run()), ["visitor", "everybody"], "what happens afterwards changes nothing");
    let play = bought(bought(Play::new(BRANCHES), T0 - DAY), T0 - HOUR).arrive(T0, view("a", T0));
    assert_eq!(sent(&play.run()), [] as [&str; 0], "two orders leave");
}

#[test]
fn a_split_keeps_to_its_shares_and_to_itself() {
    let yaml = "
name: split
entry: { event: Product Viewed, key: event.properties.product_id }
steps:
  - split: first
    arms:
      - share: 0.2
        steps: [ { send: rare, template: t.txt } ]
      - share: 0.8
        steps: [ { wait: 1h }, { send: often, template: t.txt } ]
";
    let split = campaign(yaml);
    let split =
        split.steps.iter().find_map(|step| if let Step::Split(split) = step { Some(split) } else { None });
    let arms: Vec<usize> = (0..10_000u128).map(|n| split.unwrap().arm(Key(n.to_be_bytes()), "")).collect();
    let rare = arms.iter().filter(|arm| **arm == split.unwrap().arms[0].to).count();
    // Three standard deviations of a binomial of 10,000 and 0.2.
    assert!((1_880..=2_120).contains(&rare), "{rare}");
    let play = |product: &str| sent(&Play::new(yaml).arrive(T0, view(product, T0)).run())[0].to_owned();
    let steps: Vec<String> = (0..40).map(|n| play(&format!("p{n}"))).collect();
    assert!(steps.contains(&"rare".to_owned()) && steps.contains(&"often".to_owned()));
    assert_eq!(
        (0..40).map(|n| play(&format!("p{n}"))).collect::<Vec<_>>(),
        steps,
        "the same arms for the same people"
    );
}

#[test]
fn a_wait_until_a_time_of_day_goes_by_the_persons_clock() {
    let yaml = "
name: morning
entry: { event: Product Viewed, reentry: each }
steps:
  - wait: 1h
  - wait_until: { time: \"09:30\", days: [mon, fri] }
  - send: hello
    template: t.txt
";
    // T0 is Sunday 2026-11-22 10:00 UTC: Monday 9:30 in Shanghai is 1:30 UTC.
    let zone = event("Identified", "{}", T0 - DAY);
    let zone = event::Event { traits: r#"{"timezone":"Asia/Shanghai"}"#.into(), ..zone };
    let play = Play::new(yaml).arrive(T0 - DAY, zone).arrive(T0, view("a", T0)).run();
    assert_eq!(due(&play), [("hello", 15 * 60 + 30)]);
    let play = Play::new(yaml).arrive(T0, view("a", T0)).run();
    assert_eq!(due(&play), [("hello", 23 * 60 + 30)], "UTC where none is known");
}

#[test]
fn a_wait_for_a_date_of_the_profile() {
    let yaml = "
name: warranty
entry: { event: Product Viewed }
steps:
  - wait_for_date: { of: profile.traits.warranty_end, offset: -2d, at: \"08:00\" }
  - send: ends-soon
    template: t.txt
";
    let with = |date: &str| {
        let traits = event("Identified", "{}", T0 - DAY);
        let traits = event::Event { traits: format!(r#"{{"warranty_end":"{date}"}}"#).into(), ..traits };
        let play = Play::new(yaml).arrive(T0 - DAY, traits).arrive(T0, view("a", T0)).run();
        due(&play).iter().map(|(_, at)| *at).collect::<Vec<_>>()
    };
    // 2026-11-30 08:00 is 7 days and 22 hours after T0.
    assert_eq!(with("2026-12-02"), [(7 * 24 + 22) * 60]);
    assert_eq!(with("2026-01-02"), [0], "what is past is not waited for");
    assert_eq!(with("soon"), [] as [i64; 0], "no date, no message");
    assert_eq!(due(&Play::new(yaml).arrive(T0, view("a", T0)).run()), []);
}

#[test]
fn a_goal_ends_the_journey_and_is_reported_once() {
    let yaml = "
name: cart
entry: { event: Product Added, key: event.properties.product_id }
goal: { event: Order Completed, key: event.product_ids }
steps:
  - wait: 1h
  - send: reminder
    template: t.txt
  - wait: 1d
  - send: last-call
    template: t.txt
";
    let story = Play::new(yaml)
        .arrive(T0, add("a", T0))
        .arrive(T0, add("b", T0))
        .arrive(T0 + 2 * HOUR, buy(&["a"], T0 + 2 * HOUR))
        .run();
    let done: Vec<(&str, &str, bool)> = story
        .actions
        .iter()
        .map(|(_, action)| (action.step.as_str(), action.key.as_str(), action.kind == ActionKind::Goal))
        .collect();
    assert_eq!(
        done,
        [("reminder", "a", false), ("reminder", "b", false), ("goal", "a", true), ("last-call", "b", false)]
    );
    // The order arrives before what it answers.
    let early =
        Play::new(yaml).arrive(T0, buy(&["a"], T0 + MINUTE)).arrive(T0 + 2 * MINUTE, add("a", T0)).run();
    assert_eq!(early.actions.iter().map(|(_, a)| a.kind.clone()).collect::<Vec<_>>(), [ActionKind::Goal]);
}

#[test]
fn exit_when_is_asked_before_each_step() {
    let yaml = "
name: exits
entry: { event: Product Viewed }
exit_when: profile.orders.count > 0
steps:
  - send: first
    template: t.txt
  - wait: 1d
  - send: second
    template: t.txt
";
    let play = Play::new(yaml).arrive(T0, view("a", T0));
    assert_eq!(sent(&play.run()), ["first", "second"]);
    let play = Play::new(yaml).arrive(T0, view("a", T0)).arrive(T0 + HOUR, buy(&["x"], T0 + HOUR));
    assert_eq!(sent(&play.run()), ["first"]);
}

const SEGMENT: &str = "
name: loyal
entry:
  segment: profile.orders.count >= 2
steps:
  - send: thanks
    template: t.txt
";

#[test]
fn who_comes_to_belong_to_a_segment_enters_once() {
    let bought = |play: Play, n: i64| play.arrive(T0 + n * DAY, buy(&["x"], T0 + n * DAY));
    let play = (0..4).fold(Play::new(SEGMENT), bought);
    let play = play.run();
    assert_eq!(due(&play), [("thanks", 24 * 60)], "with the second order, and not with later ones");
}

#[test]
fn who_is_in_a_segment_already_may_be_passed_over() {
    let skip = SEGMENT.replace(">= 2\n", ">= 2\n  existing: skip\n");
    let customers = |yaml: &str| {
        let mut play = Play::new(yaml);
        let campaigns = std::mem::replace(&mut play.campaigns, Campaigns::new(Vec::new()));
        for n in 0..2 {
            play.visit(T0 + n, &[buy(&["x"], T0 + n)], None);
        }
        // From here on the campaign is live.
        play.campaigns = campaigns;
        play.visit(T0 + DAY, &[view("a", T0 + DAY)], None);
        assert_eq!(sent(&play).len(), 0, "a view changes nothing that the segment looks at");
        play.visit(T0 + DAY, &[buy(&["x"], T0 + DAY)], None);
        sent(&play).len()
    };
    assert_eq!((customers(SEGMENT), customers(&skip)), (1, 0));
    let new = Play::new(&skip).arrive(T0, buy(&["x"], T0)).arrive(T0 + DAY, buy(&["x"], T0 + DAY));
    assert_eq!(sent(&new.run()), ["thanks"], "who was outside enters");
}

#[test]
fn who_was_sent_something_enters_again_only_after_a_while() {
    let yaml = "
name: again
entry: { event: Product Viewed, again_after: 3d, reentry: each }
steps:
  - wait: 1h
  - send: hello
    template: t.txt
";
    let days = |days: &[i64]| {
        let play = days
            .iter()
            .fold(Play::new(yaml), |play, day| play.arrive(T0 + day * DAY, view("a", T0 + day * DAY)));
        due(&play.run()).iter().map(|(_, at)| (at - 60) / (24 * 60)).collect::<Vec<_>>()
    };
    assert_eq!(days(&[0, 1, 2, 3, 4, 7]), [0, 3, 7]);
    let twice = Play::new(yaml).arrive(T0, view("a", T0)).arrive(T0 + MINUTE, view("b", T0 + MINUTE)).run();
    assert_eq!(due(&twice), [("hello", 60)], "also while the first waits");
    let never = yaml.replace("3d", "never");
    let play = Play::new(&never).arrive(T0, view("a", T0)).arrive(T0 + 20 * DAY, view("a", T0 + 20 * DAY));
    assert_eq!(due(&play.run()), [("hello", 60)]);
}

#[test]
fn who_is_inside_finishes_the_version_they_entered() {
    let version = |number: u32, step: &str| {
        format!(
            "
name: versions
version: {number}
entry: {{ event: Product Viewed, key: event.properties.product_id }}
steps:
  - wait: 1d
  - send: {step}
    template: t.txt
"
        )
    };
    let mut play = Play::new(&version(1, "old"));
    play.visit(T0, &[view("a", T0)], None);
    play.campaigns = Campaigns::new(vec![campaign(&version(1, "old")), campaign(&version(2, "new"))]);
    let play = play
        .arrive(T0 + HOUR, view("a", T0 + HOUR))
        .arrive(T0 + HOUR, view("b", T0 + HOUR))
        .run_until(T0 + 5 * DAY);
    let done: Vec<(&str, u32, &str)> =
        play.actions.iter().map(|(_, a)| (a.key.as_str(), a.version, a.step.as_str())).collect();
    assert_eq!(done, [("a", 1, "old"), ("b", 2, "new")], "and is not let in a second time meanwhile");
    let mut gone = Play::new(&version(1, "old"));
    gone.visit(T0, &[view("a", T0)], None);
    gone.campaigns = Campaigns::new(vec![campaign(&version(2, "new"))]);
    assert_eq!(
        sent(&gone.run_until(T0 + 5 * DAY)),
        [] as [&str; 0],
        "a version that is gone takes its journeys along"
    );
}

#[test]
fn what_was_stored_before_versions_goes_on_in_the_one_that_lets_in() {
    let action = |actions: Vec<Action>| actions.into_iter().map(|a| (a.step, a.version)).collect::<Vec<_>>();
    let campaigns = Campaigns::new(vec![campaign(
        "
name: coupon
version: 4
entry: { event: Product Viewed, key: event.properties.product_id }
steps:
  - wait: 3d
  - send: coupon
    template: t.txt
",
    )]);
    let mut journeys = Journeys::decode(&crate::golden::stored_0_1()).unwrap();
    let now = T0 + 5 * DAY;
    let profile = Profile::default();
    let moment = Moment { now, lateness: MINUTE };
    let actions = journeys.advance(&campaigns, PERSON, &[], &ProfileView::new(&profile, now), moment);
    assert_eq!(action(actions), [("coupon".to_owned(), 4)], "once: the second of its key waited behind it");
}

#[test]
fn a_start_that_is_repeated_begins_no_second_journey() {
    let campaigns = Campaigns::new(vec![campaign(
        "
name: monday
entry: { schedule: { cron: \"0 9 * * MON\", time_zone: UTC } }
audience: profile.orders.count == 0
priority: 80
steps:
  - send: hello
    template: t.txt
",
    )]);
    let monday = campaigns.get("monday").unwrap();
    let profile = Profile::default();
    let moment = Moment { now: T0 + HOUR, lateness: MINUTE };
    let ids: Vec<_> = (0..2)
        .map(|_| {
            let mut journeys = Journeys::default();
            let view = ProfileView::new(&profile, moment.now);
            journeys.start(monday, PERSON, T0, &view, moment);
            journeys.start(monday, PERSON, T0, &view, moment);
            let actions = journeys.advance(&campaigns, PERSON, &[], &view, moment);
            assert!(journeys.encode().is_empty(), "it is over");
            let [action] = &actions[..] else { panic!("{actions:?}") };
            assert_eq!((action.step.as_str(), action.priority, action.due_at), ("hello", 80, T0));
            action.id
        })
        .collect();
    assert_eq!(ids[0], ids[1]);
    let mut other = Profile::default();
    other.apply(Box::leak(Box::new(buy(&["x"], T0 - DAY))));
    let mut journeys = Journeys::default();
    journeys.start(monday, PERSON, T0, &ProfileView::new(&other, moment.now), moment);
    assert!(journeys.campaigns().is_empty(), "the audience is asked of the live profile");
    journeys.start(monday, PERSON, T0 - 8 * DAY, &ProfileView::new(&profile, moment.now), moment);
    assert!(journeys.campaigns().is_empty(), "too long ago");
}

/// Campaigns are found by what their conditions ask an event's property to equal: the same is sent as if all were
/// asked.
#[test]
fn many_campaigns_of_one_event_are_told_apart_by_a_property() {
    let file = |n: usize, when: &str| {
        format!(
            "
name: product-{n}
entry: {{ event: Product Viewed, when: \"{when}\" }}
exit_on: [ {{ event: Order Completed, when: \"event.properties.product_id == 'p{n}'\" }} ]
steps:
  - wait: 1h
  - send: offer
    template: t.txt
"
        )
    };
    let conditions = |n: usize| match n % 4 {
        0 => format!("event.properties.product_id == 'p{n}'"),
        1 => format!("event.properties.price > 20 && 'p{n}' == event.properties.product_id"),
        // Not to be found by a text: either may hold.
        2 => format!("event.properties.product_id == 'p{n}' || event.properties.product_id == 'both'"),
        _ => format!("!(event.properties.product_id != 'p{n}')"),
    };
    let mut play = Play::new(&file(0, &conditions(0)));
    play.campaigns = Campaigns::new((0..100).map(|n| campaign(&file(n, &conditions(n)))).collect());
    let order =
        |product: &str| event("Order Completed", &format!(r#"{{"product_id":"{product}"}}"#), T0 + MINUTE);
    let play = ["p4", "p5", "p6", "p7", "p8", "both", "p 9"]
        .iter()
        .fold(play, |play, product| play.arrive(T0, view(product, T0)));
    let play = play.arrive(T0 + MINUTE, order("p8")).arrive(T0 + MINUTE, order("p400")).run();
    let mut names: Vec<&str> = play.actions.iter().map(|(_, action)| action.campaign.as_str()).collect();
    names.sort_unstable();
    let either = (0..100).filter(|n| n % 4 == 2).map(|n| format!("product-{n}"));
    let mut expected: Vec<String> = [4, 5, 7].iter().map(|n| format!("product-{n}")).chain(either).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn who_is_heard_of_between_their_selection_and_its_time_is_not_written_to() {
    let yaml = "
name: silent
entry: { inactive: { for: 30d } }
steps:
  - send: hello
    template: t.txt
  - wait: 7d
  - send: again
    template: t.txt
";
    let campaigns = Campaigns::new(vec![campaign(yaml)]);
    let silent = campaigns.get("silent").unwrap();
    // Heard of once; selected a day before thirty days have passed; and heard of again, or not, or afterwards.
    let steps = |again: Option<i64>| {
        let (at, selected) = (T0 + 30 * DAY, T0 + 29 * DAY);
        let (first, second) = (view("a", T0), again.map(|at| view("b", at)));
        let mut profile = Profile::default();
        profile.apply(&first);
        let mut journeys = Journeys::default();
        let moment = Moment { now: selected, lateness: MINUTE };
        let view = ProfileView::new(&profile, selected);
        assert_eq!(silent.selects(&view, Span::Within { from: selected, until: selected + 2 * DAY }), [at]);
        journeys.start(silent, PERSON, at, &view, moment);
        let mut later = profile.clone();
        if let Some(event) = &second {
            later.apply(event);
        }
        let mut sent = Vec::new();
        for now in [at + HOUR, at + 8 * DAY] {
            let view = ProfileView::new(&later, now);
            let moment = Moment { now, lateness: MINUTE };
            assert!(journeys.look_at_profile(&campaigns, moment) || journeys.campaigns().is_empty());
            sent.extend(journeys.advance(&campaigns, PERSON, &[], &view, moment).into_iter().map(|a| a.step));
        }
        sent
    };
    assert_eq!(steps(None), ["hello", "again"]);
    assert_eq!(steps(Some(T0 + 29 * DAY + HOUR)), [""; 0]);
    assert_eq!(
        steps(Some(T0 + 30 * DAY + HOUR)),
        ["hello", "again"],
        "what follows is for the campaign to say"
    );
}
