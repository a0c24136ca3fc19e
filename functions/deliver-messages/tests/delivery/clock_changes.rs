//! No message in quiet hours or beyond a cap, across changes of the clock in three zones, with two ledgers.

use crate::shop::{ANN, SUBSCRIBED, Shop, at};
use campaign::{Action, Ledger, Reason, time_zone};
use deliver_messages::{Deps, Outcome, run};
use embedded::Store;
use event::{HOUR, MINUTE};
use jiff::tz::TimeZone;
use pollster::block_on;
use proptest::prelude::*;
use std::collections::BTreeMap;
use vault::Sealer;

/// Days around changes of the clock: by an hour in Berlin and New York, by half an hour on Lord Howe.
const CHANGES: [(&str, &str); 6] = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
];

/// The limits of a case, as the test itself reckons with them.
#[derive(Debug, Clone)]
struct Rules {
    /// The first minute of the day that is quiet, and how many are.
    quiet: (i64, i64),
    drop: bool,
    per_day: usize,
    per_week: Option<usize>,
    /// Hours, and the most of a channel in any span that long.
    rolling: Option<(i64, usize)>,
    all_per_day: Option<usize>,
    all_per_week: Option<usize>,
    all_rolling: Option<(i64, usize)>,
    sms_per_day: Option<usize>,
}

/// A message that was sent: when, through which channel.
type Sent = (i64, &'static str);

impl Rules {
    /// The limits of the campaign, as its file has them.
    fn campaign(&self) -> String {
        let clock = |minute: i64| format!("'{:02}:{:02}'", minute / 60 % 24, minute % 60);
        let (from, length) = self.quiet;
        let mut limits = format!(
            "{{ per_day: {}, quiet_hours: {{ from: {}, to: {}, otherwise: {} }}",
            self.per_day,
            clock(from),
            clock(from + length),
            if self.drop { "drop" } else { "hold" },
        );
        if let Some((hours, most)) = self.rolling {
            limits += &format!(", rolling: {{ {hours}h: {most} }}");
        }
        if let Some(most) = self.all_per_week {
            limits += &format!(", all_channels: {{ per_week: {most} }}");
        }
        limits + " }"
    }

    /// The caps of the deployment.
    fn deployment(&self) -> String {
        let mut all = serde_json::json!({});
        if let Some(most) = self.all_per_day {
            all["per_day"] = most.into();
        }
        if let Some((hours, most)) = self.all_rolling {
            all["rolling"] = serde_json::json!({ format!("{hours}h"): most });
        }
        let mut caps = serde_json::json!({ "all_channels": all });
        if let Some(most) = self.per_week {
            caps["per_week"] = most.into();
        }
        if let Some(most) = self.sms_per_day {
            caps["channels"] = serde_json::json!({ "sms": { "per_day": most } });
        }
        caps.to_string()
    }

    fn is_quiet(&self, zone: &TimeZone, now: i64) -> bool {
        (clock(zone, now).1 - self.quiet.0).rem_euclid(24 * 60) < self.quiet.1
    }

    /// Whether one more message through a channel would be one too many.
    fn is_full(&self, zone: &TimeZone, sent: &[Sent], channel: &str, now: i64) -> bool {
        let today = clock(zone, now).0;
        let days = |all: bool, days: i64| {
            let within = |at: i64| (0..days).contains(&(today - clock(zone, at).0));
            sent.iter().filter(|(at, of)| within(*at) && (all || *of == channel)).count()
        };
        let hours = |all: bool, hours: i64| {
            sent.iter().filter(|(at, of)| now - at < hours * HOUR && (all || *of == channel)).count()
        };
        let reached = |count: usize, most: Option<usize>| most.is_some_and(|most| count >= most);
        reached(days(false, 1), Some(self.per_day))
            || reached(days(false, 7), self.per_week)
            || self.rolling.is_some_and(|(span, most)| hours(false, span) >= most)
            || (channel == "sms" && reached(days(false, 1), self.sms_per_day))
            || reached(days(true, 1), self.all_per_day)
            || reached(days(true, 7), self.all_per_week)
            || self.all_rolling.is_some_and(|(span, most)| hours(true, span) >= most)
    }
}

/// The local day and minute of the day, reckoned from the zone's offset alone.
fn clock(zone: &TimeZone, at: i64) -> (i64, i64) {
    let offset = zone.to_offset(jiff::Timestamp::from_millisecond(at).unwrap()).seconds();
    let minutes = (at + i64::from(offset) * 1_000).div_euclid(MINUTE);
    (minutes.div_euclid(24 * 60), minutes.rem_euclid(24 * 60))
}

/// Delivers every message when it is due, and again when it was held until then; each outcome is held against the rules.
/// Returns what was sent.
fn deliver<L: Ledger>(
    shop: &Shop,
    ledger: &L,
    rules: &Rules,
    messages: &[(i64, bool)],
) -> Result<Vec<Sent>, TestCaseError> {
    let zone = &shop.settings.zone;
    let deps = Deps {
        campaigns: &shop.campaigns,
        settings: &shop.settings,
        profiles: &shop.profiles,
        ledger,
        vault: &shop.vault,
        bus: &shop.bus,
        holding: &shop.holding,
        email: &shop.email,
        webhook: &shop.webhook,
    };
    let mut queue: BTreeMap<i64, Vec<Action>> = BTreeMap::new();
    for (number, (due_at, is_text)) in (1..).zip(messages) {
        let step = if *is_text { "text" } else { "coupon" };
        let action = Action { due_at: *due_at, step: step.to_owned(), ..shop.action(number) };
        queue.entry(*due_at).or_default().push(action);
    }
    let (mut sent, mut ends): (Vec<Sent>, usize) = (Vec::new(), 0);
    while let Some((now, batch)) = queue.pop_first() {
        let outcomes = block_on(run(&deps, now, batch.clone())).unwrap();
        for (action, outcome) in batch.into_iter().zip(outcomes) {
            let channel = if action.step == "text" { "sms" } else { "email" };
            let quiet = rules.is_quiet(zone, now);
            ends += usize::from(!matches!(outcome, Outcome::Held { .. }));
            match outcome {
                Outcome::Held { until } => {
                    prop_assert!(quiet && !rules.drop);
                    prop_assert!(until > now && until - now <= 24 * HOUR && !rules.is_quiet(zone, until));
                    queue.entry(until).or_default().push(action);
                }
                Outcome::Refused(Reason::QuietHours) => prop_assert!(quiet && rules.drop),
                Outcome::Refused(reason) => {
                    prop_assert!(reason.as_str().starts_with("cap_"), "{reason:?}");
                    prop_assert!(!quiet && rules.is_full(zone, &sent, channel, now), "{reason:?}");
                }
                Outcome::Sent => {
                    prop_assert!(!quiet, "sent in quiet hours at {now}");
                    prop_assert!(!rules.is_full(zone, &sent, channel, now), "one too many at {now}");
                    sent.push((now, channel));
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
    prop_assert_eq!(ends, messages.len(), "each comes to an end once");
    Ok(sent)
}

fn rules() -> impl Strategy<Value = Rules> {
    let some = |range: std::ops::Range<usize>| proptest::option::of(range);
    let window = |hours: std::ops::Range<i64>| proptest::option::of((hours, 1usize..4));
    let calendar = (1usize..4, some(2..6), some(1..4), some(2..7), some(1..2));
    ((0i64..24 * 60, 1i64..=22 * 60), any::<bool>(), calendar, window(1..72), window(1..200)).prop_map(
        |(quiet, drop, (per_day, per_week, all_per_day, all_per_week, sms_per_day), rolling, all_rolling)| {
            Rules {
                quiet,
                drop,
                per_day,
                per_week,
                rolling,
                all_per_day,
                all_per_week,
                all_rolling,
                sms_per_day,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn no_message_in_quiet_hours_or_beyond_a_cap(
        change in 0usize..CHANGES.len(),
        rules in rules(),
        // Ten minutes apart, so that some come together; from two days before the change to four after it.
        messages in proptest::collection::vec((-2 * 144i64..4 * 144, any::<bool>()), 1..40),
    ) {
        let (name, around) = CHANGES[change];
        let mut shop = Shop::new(&rules.campaign());
        shop.settings.zone = time_zone(name).unwrap();
        shop.settings.caps = serde_json::from_str(&rules.deployment()).unwrap();
        let sms = SUBSCRIBED.replace("\"email\"", "\"sms\"").replace("s-USER", "t-USER");
        let (email, sms) = (SUBSCRIBED.replace("2026", "2025"), sms.replace("2026", "2025"));
        shop.person("u1", &[&ANN.replace("2026", "2025"), &email, &sms]);
        let messages: Vec<(i64, bool)> =
            messages.into_iter().map(|(tens, text)| (at(around) + tens * 10 * MINUTE, text)).collect();
        let in_memory = deliver(&shop, &shop.ledger, &rules, &messages)?;
        prop_assert_eq!(in_memory.len(), shop.email.count() + shop.webhook.count());
        let store = Store::in_memory(Sealer::new(&[7; 32])).unwrap();
        let stored = deliver(&shop, &store, &rules, &messages)?;
        prop_assert_eq!(in_memory, stored);
    }
}
