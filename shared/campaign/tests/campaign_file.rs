//! Campaign files: one that uses everything, and the mistakes that people make, each with its place and its cure.

use campaign::{Campaign, ChannelKind, FileError, Lane, Reentry, Step, Templates};
use event::{DAY, HOUR};

const GOOD: &str = r#"name: view-without-purchase
description: Viewed a product and did not buy it
version: 3
lane: marketing
starts: 2026-11-01T00:00:00+08:00
ends: 2027-01-01
entry:
  event: Product Viewed
  when: event.properties.price > 20
  key: event.properties.product_id
  keep: [product_id, name, price]
  max_age: 2d
  reentry: restart
audience: profile.orders.count >= 1 && !profile.service.open_complaint
exit_on:
  - event: Order Completed
    key: event.product_ids
  - event: Unsubscribed
steps:
  - wait: 3d
  - send: coupon
    channel: email
    subject: "Still looking at {{ kept.name }}?"
    template: coupon.html
  - wait: 1d 12h
  - send: reminder
    channel: webhook
    webhook: crm
    template: reminder.txt
limits:
  per_day: 1
  holdout: 0.1
"#;

fn templates() -> Templates {
    let named = |name: &str| (name.to_owned(), "Hello {{ person.first_name }}".to_owned());
    Templates::new([named("coupon.html"), named("reminder.txt")]).unwrap()
}

fn parse(yaml: &str) -> Result<Campaign, FileError> {
    Campaign::parse(yaml, &templates())
}

/// The error of the good file with one change in it.
#[track_caller]
fn mistake(from: &str, to: &str) -> (u64, u64, String) {
    assert!(GOOD.contains(from), "{from}");
    let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
    (error.line, error.column, error.message)
}

#[track_caller]
fn assert_mistake(from: &str, to: &str, line: u64, column: u64, message: &str) {
    assert_eq!(mistake(from, to), (line, column, message.to_owned()));
}

#[test]
fn everything_in_a_file_is_read() {
    let campaign = parse(GOOD).unwrap();
    assert_eq!((campaign.name.as_str(), campaign.version), ("view-without-purchase", 3));
    assert_eq!(campaign.lane, Lane::Marketing);
    // date -u -d 2026-11-01T00:00:00+08:00 +%s; date -u -d 2027-01-01 +%s
    assert_eq!((campaign.starts, campaign.ends), (Some(1_793_462_400_000), Some(1_798_761_600_000)));
    assert!(!campaign.runs_at(1_793_462_399_999) && campaign.runs_at(1_793_462_400_000));
    assert!(campaign.runs_at(1_798_761_599_999) && !campaign.runs_at(1_798_761_600_000));
    let entry = &campaign.entry;
    assert_eq!(
        (entry.event().unwrap().event.as_str(), entry.max_age, entry.reentry),
        ("Product Viewed", 2 * DAY, Reentry::Restart)
    );
    assert_eq!(entry.keep, ["product_id", "name", "price"]);
    assert_eq!(campaign.exit_on.len(), 2);
    assert!(campaign.exit_on[0].key.is_some() && campaign.exit_on[1].key.is_none());
    let waits: Vec<i64> =
        campaign.steps.iter().filter_map(|s| if let Step::Wait(ms) = s { Some(*ms) } else { None }).collect();
    assert_eq!(waits, [3 * DAY, DAY + 12 * HOUR]);
    assert_eq!(campaign.message("coupon").unwrap().kind, ChannelKind::Email);
    assert_eq!(campaign.message("reminder").unwrap().channel, "crm");
    assert_eq!(campaign.limits.per_day, Some(1));
}

#[test]
fn what_is_left_out_has_a_default() {
    let campaign = parse(
        "name: hello\nentry:\n  event: Signed Up\nsteps:\n  - send: welcome\n    subject: Hi\n    template: coupon.html\n",
    )
    .unwrap();
    assert_eq!((campaign.lane, campaign.version), (Lane::Marketing, 1));
    assert_eq!((campaign.entry.max_age, campaign.entry.reentry), (7 * DAY, Reentry::Ignore));
    assert!(
        campaign.entry.event().unwrap().key.is_none()
            && campaign.audience.is_none()
            && campaign.exit_on.is_empty()
    );
}

#[test]
fn an_unknown_field_is_named_with_the_one_that_was_meant() {
    assert_mistake("audience:", "audiense:", 14, 1, "unknown field `audiense`; did you mean `audience`?");
    assert_mistake("  max_age", "  maxage", 12, 3, "unknown field `maxage`; did you mean `max_age`?");
    assert_mistake("per_day", "perday", 31, 3, "unknown field `perday`; did you mean `per_day`?");
    assert_mistake(
        "    webhook: crm",
        "    colour: red",
        28,
        5,
        "unknown field `colour`; the fields here are wait, wait_until, wait_for_date, wait_for_event, if, split, \
         experiment, send, exit, timeout, then, else, timed_out, arms, seed, coverage, namespace, channel, webhook, subject, template, creative, \
         placement, shows, expires",
    );
}

#[test]
fn an_unknown_choice_is_named_with_the_choices() {
    assert_mistake(
        "reentry: restart",
        "reentry: restrat",
        13,
        12,
        "`restrat` is not one of the choices; did you mean `restart`?",
    );
    assert_mistake(
        "lane: marketing",
        "lane: promo",
        4,
        7,
        "`promo` is not one of the choices; they are service, marketing",
    );
    assert_mistake(
        "channel: email",
        "channel: fax",
        22,
        14,
        "`fax` is not one of the choices; they are email, webhook, sms, push, on_site",
    );
}

#[test]
fn a_condition_is_checked_where_it_stands() {
    let (line, column, message) = mistake("price > 20", "price >");
    assert_eq!((line, column > 9), (9, true), "{column} {message}");
    assert!(message.starts_with("not a CEL expression: "), "{message}");
    assert_mistake(
        "price > 20",
        "price > 20 && user.age > 3",
        9,
        40,
        "`user` is unknown: a condition may use event, profile, key and now",
    );
    assert_mistake(
        "when: event.properties.price > 20",
        "when: \"event.propertis.price > 20\"",
        9,
        16,
        "there is no `propertis` here, only name, type, message_id, user_id, happened_at, received_at, properties, \
         traits, product_ids, amount_minor, currency and context; did you mean `properties`?",
    );
    let (line, column, message) = mistake("orders.count", "orders.cont");
    assert_eq!((line, column), (14, 26), "{message}");
    assert!(message.ends_with("did you mean `count`?"), "{message}");
    assert_mistake(
        "price > 20",
        "name.startswith('A')",
        9,
        31,
        "there is no function `startswith`; did you mean `startsWith`?",
    );
    let (_, _, message) = mistake("price > 20", "tags.exists('sale')");
    assert_eq!(message, "`exists` is used as in list.exists(x, x > 1)");
}

#[test]
fn a_condition_over_several_lines_is_checked_where_it_stands() {
    let folded = "when: |\n    event.properties.price > 20 &&\n      user.age > 3\n";
    let (line, column, message) = mistake("when: event.properties.price > 20\n", folded);
    assert_eq!((line, column), (11, 7), "{message}");
}

#[test]
fn a_span_and_a_time_say_how_to_be_written() {
    assert_mistake(
        "wait: 3d",
        "wait: 3 days",
        20,
        11,
        "`3 days` is no time span; write one like 30m, 12h or 3d",
    );
    assert_mistake("max_age: 2d", "max_age: 2", 12, 12, "`2` is no time span; write one like 30m, 12h or 3d");
    assert_mistake(
        "ends: 2027-01-01",
        "ends: new year",
        6,
        7,
        "`new year` is no time; write one like 2026-11-22T10:00:00+08:00",
    );
    assert_mistake(
        "ends: 2027-01-01",
        "ends: 2026-10-01",
        6,
        7,
        "the campaign ends before it starts; put the later of the two here",
    );
}

#[test]
fn keys_and_cancels_have_to_fit() {
    assert_mistake(
        "  key: event.properties.product_id\n",
        "",
        16,
        10,
        "the entry has no key that this could be compared with; give it one, or drop this",
    );
    assert_mistake(
        "event: Unsubscribed",
        "event: Product Viewed",
        18,
        12,
        "the event that enters would end the journey at once; for a fresh start with each, write `reentry: restart` under \
         entry; else give this a `when`",
    );
    assert_mistake(
        "event: Product Viewed",
        "event: ''",
        8,
        10,
        "the event needs a name, for example Product Viewed",
    );
}

#[test]
fn steps_have_to_make_sense() {
    assert_mistake(
        "    template: coupon.html\n",
        "",
        21,
        11,
        "a send needs a template: the name of a file in templates/",
    );
    let (line, column, message) = mistake("coupon.html", "cupon.html");
    assert_eq!((line, column), (24, 15), "{message}");
    assert!(
        message.contains("cupon.html") && message.contains("put the file into the templates folder"),
        "{message}"
    );
    assert_mistake(
        "send: reminder",
        "send: coupon",
        26,
        11,
        "there are two sends `coupon`; give each a name of its own",
    );
    assert_mistake(
        "  - wait: 3d\n  - send",
        "  - wait: 3d\n    send",
        20,
        11,
        "a step does one thing, and this one has `wait` and `send`; make it two steps",
    );
    let (line, _, message) = mistake("  - wait: 3d\n", "  - {}\n");
    assert_eq!(
        (line, message.as_str()),
        (
            20,
            "a step needs one of wait, wait_until, wait_for_date, wait_for_event, if, split, experiment, send and exit"
        )
    );
    let steps = GOOD.find("steps:").unwrap();
    let error = parse(&format!("{}steps:\n  - wait: 1d\n", &GOOD[..steps])).unwrap_err();
    assert_eq!((error.line, error.message.as_str()), (20, "no step sends anything; add one with `send`"));
    assert_mistake("send: reminder", "send: ''", 26, 11, "a send needs a name, for example reminder");
}

#[test]
fn a_name_is_plain() {
    let message = "a campaign's name has lower-case letters, digits and hyphens, like cart-abandonment";
    assert_mistake("view-without-purchase", "View Without", 1, 7, message);
    assert_mistake("view-without-purchase", "''", 1, 7, message);
}

#[test]
fn a_missing_or_doubled_field_is_named() {
    let (line, _, message) = mistake("  event: Product Viewed\n", "");
    assert_eq!(line, 7);
    assert_eq!(message, "an entry needs one of event, segment, schedule, date and inactive");
    assert_mistake(
        "version: 3",
        "version: 3\nversion: 4",
        4,
        1,
        "`version` stands here twice; keep one of them",
    );
}

#[test]
fn a_value_of_another_type_is_named() {
    let (line, column, message) = mistake("version: 3", "version: three");
    assert_eq!((line, column), (3, 10), "{message}");
    let (line, column, message) = mistake("keep: [product_id, name, price]", "keep: {a: 1}");
    assert_eq!((line, column), (11, 9), "{message}");
    let (line, _, message) = mistake("holdout: 0.1", "holdout: 1.5");
    assert_eq!(line, 32, "{message}");
    assert!(message.contains("1.5 is no share"), "{message}");
}

#[test]
fn bad_yaml_is_an_error_with_a_place() {
    for (from, to, line) in [
        ("entry:", "entry", 8),
        ("[product_id, name, price]", "[product_id, name", 12),
        ("  when:", "\twhen:", 9),
    ] {
        let (at, _, message) = mistake(from, to);
        assert!(at.abs_diff(line) <= 1, "{to:?} at line {at}: {message}");
        assert!(!message.is_empty() && !message.contains('\n'));
    }
    for (file, what) in [("", "an empty file"), ("- a\n- b\n", "a list"), ("name: a", "too little")] {
        let error = parse(file).unwrap_err();
        assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty(), "{what}: {error}");
    }
}

/// The error of a campaign whose one step is an experiment.
#[track_caller]
fn experiment_mistake(step: &str) -> String {
    let yaml = format!("name: c\nentry: {{ event: E }}\nsteps:\n  - experiment: looks\n{step}");
    parse(&yaml).unwrap_err().to_string()
}

#[test]
fn experiments_say_what_is_wrong() {
    let arm = |rest: &str| format!("      - {{ {rest}, steps: [ {{ send: a, template: coupon.html }} ] }}\n");
    let arms =
        |arms: &[&str]| format!("    arms:\n{}", arms.iter().map(|rest| arm(rest)).collect::<String>());
    let mistake = |step: String, message: &str| {
        let error = experiment_mistake(&step);
        assert!(error.contains(message), "{error}");
    };
    mistake(String::new(), "an experiment needs `arms`");
    mistake(arms(&["name: a"]), "compares two arms or more");
    mistake(arms(&["weight: 0.5", "name: b"]), "each arm of an experiment needs a `name`");
    mistake(arms(&["name: a", "name: a"]), "a name of its own");
    mistake(arms(&["name: a, share: 0.5", "name: b"]), "has a `weight`");
    mistake(arms(&["name: a, weight: 0.5", "name: b"]), "or none for equal ones");
    mistake(arms(&["name: a, weight: 0.5", "name: b, weight: 0.4"]), "the weights of the arms come to 0.9");
    let two = arms(&["name: a", "name: b"]);
    mistake(format!("    coverage: 5\n{two}"), "a coverage is a share of people");
    mistake(format!("    namespace: {{ name: n, from: 0.5, to: 0.4 }}\n{two}"), "a namespace needs");
    mistake(format!("    timeout: 3d\n{two}"), "`timeout` belongs to a step with `wait_for_event`");
    let yaml = "name: c\nentry: { event: E }\nsteps:\n  - send: a\n    template: coupon.html\n    seed: x\n";
    assert!(parse(yaml).unwrap_err().to_string().contains("`seed` belongs to a step with `experiment`"));
    let split = "name: c\nentry: { event: E }\nsteps:\n  - split: s\n    arms: [ { name: a, share: 1 } ]\n";
    assert!(parse(split).unwrap_err().to_string().contains("the arms of a split have no names"));
}
