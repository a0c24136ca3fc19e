//! What people get wrong in a campaign file: each mistake is told with its line, its column and its cure.

use crate::schema::{json_of, templates, validator};
use campaign::{Campaign, FileError};

const GOOD: &str = r#"name: cart-care
description: Everything that a file can say
version: 2
lane: marketing
priority: 60
starts: 2026-11-01T00:00:00+08:00
ends: 2027-01-01
entry:
  event: Product Added
  when: event.properties.price > 20
  key: event.properties.product_id
  keep: [name, price]
  max_age: 2d
  reentry: restart
  again_after: 7d
audience: profile.orders.count < 10
exit_on:
  - event: Product Removed
    key: event.properties.product_id
exit_when: profile.service.open_complaint
goal:
  event: Order Completed
  key: event.product_ids
steps:
  - wait: 4h
  - wait_until: { time: "09:30", days: [mon, fri] }
  - if: profile.orders.count > 0
    then:
      - send: again
        subject: Welcome back, {{ kept.name }}
        template: mail.html
    else:
      - send: first
        channel: webhook
        webhook: crm
        template: text.txt
  - wait_for_event: { event: Cart Viewed }
    timeout: 2d
    then: [ { exit: true } ]
  - wait_for_date: { of: profile.traits.birthday, offset: -7d, at: "08:00" }
  - split: offer
    arms:
      - share: 0.5
        steps:
          - send: offer
            template: mail.html
      - share: 0.5
  - experiment: tone
    arms:
      - name: plain
      - name: playful
limits:
  rolling: { 24h: 2 }
  per_day: 1
  per_week: 3
  quiet_hours: { from: "21:00", to: "08:00", otherwise: drop }
  holdout: 0.1
  need_consent: true
"#;

/// What an editor with the schema says of a mistake.
#[derive(Clone, Copy, PartialEq)]
enum Editor {
    /// It marks it.
    Marks,
    /// It can't know: the mistake is in an expression, between two places, or in a folder beside the file.
    CannotKnow,
    /// The text is no YAML, or says one thing twice, which a schema is not asked about.
    NotYaml,
}
use Editor::{CannotKnow, Marks, NotYaml};

/// A mistake: what stands in the good file and what somebody wrote instead, at `§` (no part of it) the place that they are
/// told; what they are told, the cure included; and what an editor says.
type Mistake = (&'static [(&'static str, &'static str)], &'static str, Editor);

/// The good file's entry, which others take the place of.
const BY_EVENT: &str = "event: Product Added\n  when: event.properties.price > 20\n  key: event.properties.product_id\n  keep: [name, price]";

const MISTAKES: &[Mistake] = &[
    (
        &[("name: cart-care", "name: §Cart Care")],
        "a campaign's name has lower-case letters, digits and hyphens, like cart-abandonment",
        Marks,
    ),
    (&[("audience:", "§audiense:")], "unknown field `audiense`; did you mean `audience`?", Marks),
    (&[("version: 2", "version: §0")], "versions count from 1", Marks),
    (&[("version: 2", "version: §two")], "write a whole number", Marks),
    (&[("version: 2", "version: 2\n§version: 3")], "`version` stands here twice; keep one of them", NotYaml),
    (
        &[("lane: marketing", "lane: §promo")],
        "`promo` is not one of the choices; they are service, marketing",
        Marks,
    ),
    (
        &[("priority: 60", "priority: §101")],
        "a priority is a number from 0 to 100; the higher goes first",
        Marks,
    ),
    (
        &[("starts: 2026-11-01T00:00:00+08:00", "starts: §next week")],
        "`next week` is no time; write one like 2026-11-22T10:00:00+08:00",
        Marks,
    ),
    (
        &[("ends: 2027-01-01", "ends: §2026-01-01")],
        "the campaign ends before it starts; put the later of the two here",
        CannotKnow,
    ),
    (
        &[("event: Product Added\n  when", "event: §''\n  when")],
        "the event needs a name, for example Product Viewed",
        Marks,
    ),
    (
        &[("  event: Product Added\n", "  event: Product Added\n  segment: §profile.known\n")],
        "an entry has one of event, segment, schedule, date and inactive; make two campaigns of two",
        Marks,
    ),
    (
        &[(
            "entry:\n  event: Product Added\n  when: event.properties.price > 20\n  key: event.properties.product_id\n  keep: [name, price]\n",
            "§entry:\n",
        )],
        "an entry needs one of event, segment, schedule, date and inactive",
        Marks,
    ),
    (
        &[(BY_EVENT, "segment: profile.known\n  keep: §[name]")],
        "`keep` is for an entry by event, whose properties it names; drop it",
        Marks,
    ),
    (
        &[(BY_EVENT, "segment: profile.known\n  when: §profile.known")],
        "`when` is for an entry by event; drop it",
        Marks,
    ),
    (&[("keep: [name, price]", "existing: §skip")], "`existing` is for an entry by segment; drop it", Marks),
    (
        &[(BY_EVENT, "schedule: { cron: §\"9 * * MON\", time_zone: UTC }")],
        "`9 * * MON` has 4 fields; a schedule has five: minute, hour, day of the month, month, day of the week, like \"30 9 * * MON\"",
        Marks,
    ),
    (
        &[(BY_EVENT, "schedule: { cron: \"0 9 * * MON\", time_zone: §Mars/Base }")],
        "`Mars/Base` is no time zone; write one like Asia/Shanghai",
        CannotKnow,
    ),
    (
        &[(BY_EVENT, "schedule: { §cron: \"0 9 * * MON\" }")],
        "the field `time_zone` is missing here; add it",
        Marks,
    ),
    (
        &[(BY_EVENT, "inactive: { for: §ninety days }")],
        "`ninety days` is no time span; write one like 30m, 12h or 3d",
        Marks,
    ),
    (
        &[(BY_EVENT, "date: { of: profile.traits.birthday, every: §month }")],
        "`month` is not one of the choices; they are once, year",
        Marks,
    ),
    (
        &[("price > 20", "price > 20 && §user.age > 3")],
        "`user` is unknown: a condition may use event, profile, key and now",
        CannotKnow,
    ),
    (&[("price > 20", "price > §> 20")], "not a CEL expression: ", CannotKnow),
    (
        &[("when: event.properties.price", "when: event.§propertis.price")],
        "did you mean `properties`?",
        CannotKnow,
    ),
    (&[("profile.orders.count < 10", "profile.orders.§cont < 10")], "did you mean `count`?", CannotKnow),
    (
        &[("event.properties.price > 20", "event.properties.name.§startswith('A')")],
        "there is no function `startswith`; did you mean `startsWith`?",
        CannotKnow,
    ),
    (&[("keep: [name, price]", "keep: §name")], "write a list, like [a, b]", Marks),
    (
        &[("max_age: 2d", "max_age: §2 days")],
        "`2 days` is no time span; write one like 30m, 12h or 3d",
        Marks,
    ),
    (
        &[("reentry: restart", "reentry: §restrat")],
        "`restrat` is not one of the choices; did you mean `restart`?",
        Marks,
    ),
    (
        &[("again_after: 7d", "again_after: §once")],
        "`once` is no time span; write one like 30m, 12h or 3d",
        Marks,
    ),
    (
        &[
            ("  key: event.properties.product_id\n  keep", "  keep"),
            ("key: event.properties.product_id\nexit_when", "key: §event.properties.product_id\nexit_when"),
        ],
        "the entry has no key that this could be compared with; give it one, or drop this",
        CannotKnow,
    ),
    (
        &[("event: Product Removed", "event: §Product Added")],
        "the event that enters would end the journey at once; for a fresh start with each, write `reentry: restart` under entry; else give this a `when`",
        CannotKnow,
    ),
    (
        &[("steps:\n  - wait: 4h", "steps:\n  - wait: §4 hours")],
        "`4 hours` is no time span; write one like 30m, 12h or 3d",
        Marks,
    ),
    (&[("\"09:30\"", "§\"9.30\"")], "`9.30` is no clock time: write hours and minutes as \"21:00\"", Marks),
    (
        &[("[mon, fri]", "[mon, §friday]")],
        "`friday` is not one of the choices; they are mon, tue, wed, thu, fri, sat, sun",
        Marks,
    ),
    (
        &[("wait: 4h", "wait: §4h\n    send: early\n    template: mail.html")],
        "a step does one thing, and this one has `wait` and `send`; make it two steps",
        Marks,
    ),
    (
        &[("wait: 4h", "wait: 4h\n    timeout: §1h")],
        "`timeout` belongs to a step with `wait_for_event`, not to `wait`",
        Marks,
    ),
    (
        &[("    timeout: 2d\n", ""), ("wait_for_event: {", "wait_for_event: §{")],
        "a wait for an event needs a `timeout`, like 3d, after which the journey goes on",
        Marks,
    ),
    (
        &[
            (
                "    then:\n      - send: again\n        subject: Welcome back, {{ kept.name }}\n        template: mail.html\n    else:\n      - send: first\n        channel: webhook\n        webhook: crm\n        template: text.txt\n",
                "",
            ),
            ("if: profile", "if: §profile"),
        ],
        "an `if` needs steps: a `then`, an `else`, or both",
        Marks,
    ),
    (
        &[("      - share: 0.5\n        steps", "      §- share: 0.4\n        steps")],
        "the shares of the arms come to 0.9; make it 1",
        CannotKnow,
    ),
    (
        &[("share: 0.5\n        steps", "share: §1.5\n        steps")],
        "1.5 is no share: give a number from 0 to 1, 0.05 for one in twenty",
        Marks,
    ),
    (
        &[(
            "split: offer\n    arms:\n      - share: 0.5\n        steps:\n          - send: offer\n            template: mail.html\n      - share: 0.5\n",
            "split: §offer\n",
        )],
        "a split needs `arms`, each with a `share`",
        Marks,
    ),
    (
        &[("split: offer", "split: §''")],
        "a split needs a name of its own, so that people fall independently of others",
        Marks,
    ),
    (
        &[("send: first", "send: §again")],
        "there are two sends `again`; give each a name of its own",
        CannotKnow,
    ),
    (&[("send: first", "send: §''")], "a send needs a name, for example reminder", Marks),
    (
        &[("\n        template: text.txt", ""), ("send: first", "send: §first")],
        "a send needs a template: the name of a file in templates/",
        Marks,
    ),
    (
        &[("template: text.txt", "template: §test.txt")],
        "put the file into the templates folder, or correct the name",
        CannotKnow,
    ),
    (
        &[("channel: webhook", "channel: §fax")],
        "`fax` is not one of the choices; they are email, webhook",
        Marks,
    ),
    (
        &[("offset: -7d", "offset: §a week before")],
        "`a week before` is no time span; write one like 3d, or -7d for a week before",
        Marks,
    ),
    (
        &[("then: [ { exit: true } ]", "then: [ { exit: §false } ]")],
        "an exit that is none is no step; drop it, or write `exit: true`",
        Marks,
    ),
    (
        &[("then: [ { exit: true } ]", "then: [ { exit: §true }, { wait: 1d } ]")],
        "nothing that stands after an `exit` is reached; drop it, or put the exit last",
        CannotKnow,
    ),
    (
        &[("{ from: \"21:00\"", "§{ from: \"25:00\"")],
        "`25:00` is no clock time: write hours and minutes as \"21:00\"",
        Marks,
    ),
    (
        &[("{ from: \"21:00\", to: \"08:00\"", "§{ from: \"21:00\", to: \"21:00\"")],
        "quiet hours from 21:00:00 to 21:00:00: give a window of 1 minute to 22 hours",
        CannotKnow,
    ),
    (
        &[("holdout: 0.1", "holdout: §10")],
        "10 is no share: give a number from 0 to 1, 0.05 for one in twenty",
        Marks,
    ),
    (&[("per_day: 1", "per_day: §often")], "write a whole number", Marks),
    (
        &[
            ("      - name: plain\n", ""),
            ("    arms:\n      - name: playful", "    arms:\n      §- name: playful"),
        ],
        "an experiment compares two arms or more; the first is the control",
        Marks,
    ),
    (
        &[("- name: plain\n      - name: playful", "- name: plain\n      - name: §plain")],
        "each arm needs a name of its own",
        CannotKnow,
    ),
    (
        &[("experiment: tone", "experiment: tone\n    coverage: §5")],
        "a coverage is a share of people from 0 to 1, like 0.5",
        Marks,
    ),
    (&[("{ 24h: 2 }", "§{ fortnight: 2 }")], "is no window of a cap", Marks),
];

fn read(yaml: &str) -> Result<Campaign, FileError> {
    Campaign::parse(yaml, &templates(&["mail.html", "text.txt"]))
}

#[test]
fn the_good_file_is_good() {
    assert_eq!(read(GOOD).unwrap().name, "cart-care");
    assert_eq!(validator().validate(&json_of(GOOD)).map_err(|error| error.to_string()), Ok(()));
}

#[test]
fn every_mistake_is_told_with_its_line_its_column_and_its_cure() {
    let validator = validator();
    let mut wrong = Vec::new();
    for (changes, told, editor) in MISTAKES {
        let marked = changes.iter().fold(GOOD.to_owned(), |yaml, (good, bad)| {
            assert!(yaml.contains(good), "{good:?} stands nowhere");
            yaml.replacen(good, bad, 1)
        });
        let (before, after) = marked.split_once('§').unwrap_or_else(|| panic!("no place in {changes:?}"));
        let line = before.lines().count().max(1) as u64 + u64::from(before.ends_with('\n'));
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
        let yaml = format!("{before}{after}");
        let error = match read(&yaml) {
            Ok(_) => {
                wrong.push(format!("{changes:?} is taken for right"));
                continue;
            }
            Err(error) => error,
        };
        if (error.line, error.column) != (line, column) || !error.message.contains(told) {
            wrong.push(format!(
                "{changes:?}\n  at {line}:{column} {told}\n  was told {}:{} {}",
                error.line, error.column, error.message
            ));
        }
        if *editor != NotYaml && validator.is_valid(&json_of(&yaml)) != (*editor == CannotKnow) {
            wrong.push(format!("{changes:?}\n  the schema says otherwise"));
        }
    }
    assert!(
        MISTAKES.len() >= 30 && wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        MISTAKES.len(),
        wrong.join("\n")
    );
}
