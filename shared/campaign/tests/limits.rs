//! The rules of delivery: consent, holdouts, quiet hours on the person's clock, caps by their calendar.

use campaign::{
    Cap, CapSettings, Caps, Decision, Lane, Limits, Otherwise, QuietHours, Reason, Sends, Share, Situation,
    decide, local_day, time_zone,
};
use event::{DAY, HOUR, Key, MINUTE, parse_time};
use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::sync::LazyLock;

fn at(text: &str) -> i64 {
    parse_time(text).unwrap()
}

fn zone(name: &str) -> TimeZone {
    time_zone(name).unwrap()
}

fn quiet(from: Time, to: Time) -> QuietHours {
    QuietHours::new(from, to, Otherwise::Hold).unwrap()
}

fn limits(json: &str) -> Limits {
    serde_json::from_str(json).unwrap()
}

/// Messages through e-mail on a day of Berlin.
fn sent(day: &str, number: u32) -> Sends {
    let mut sends = Sends::default();
    sends.add_counted("email", (at(&format!("{day}T00:00:00Z")) / DAY) as i32, number);
    sends
}

static NONE_SENT: LazyLock<Sends> = LazyLock::new(Sends::default);
/// As a marketing campaign has them that states none.
static TWO_A_DAY: LazyLock<Caps> =
    LazyLock::new(|| Limits::default().caps(Lane::Marketing, "email", &CapSettings::default()));

/// A message that nothing speaks against, at noon in Berlin.
fn situation<'a>(limits: &'a Limits, zone: &'a TimeZone) -> Situation<'a> {
    Situation {
        now: at("2026-11-22T11:00:00Z"),
        due_at: at("2026-11-22T10:59:00Z"),
        expires_after: 3 * DAY,
        lane: Lane::Marketing,
        person: Key([7; 16]),
        campaign: "welcome",
        limits,
        channel: "email",
        caps: &TWO_A_DAY,
        global_holdout: Share::default(),
        zone,
        consent: Some(true),
        refuses_analytics: false,
        suppressed: false,
        restricted: false,
        open_complaint: false,
        in_audience: true,
        sends: &NONE_SENT,
    }
}

#[test]
fn one_rule_at_a_time() {
    let berlin = zone("Europe/Berlin");
    let (open, all_out) = (Limits::default(), limits(r#"{"holdout": 1.0}"#));
    let fine = situation(&open, &berlin);
    let refused = |s: Situation| match decide(&s) {
        Decision::Refuse(reason) => reason.as_str(),
        other => panic!("{other:?}"),
    };
    assert_eq!(decide(&fine), Decision::Send);
    assert_eq!(refused(Situation { due_at: fine.now - 3 * DAY - 1, ..fine }), "expired");
    assert_eq!(refused(Situation { suppressed: true, ..fine }), "suppressed");
    assert_eq!(refused(Situation { restricted: true, lane: Lane::Service, ..fine }), "restricted");
    assert_eq!(refused(Situation { consent: Some(false), ..fine }), "unsubscribed");
    assert_eq!(refused(Situation { consent: None, ..fine }), "no_consent");
    assert_eq!(refused(Situation { refuses_analytics: true, ..fine }), "no_analytics");
    assert_eq!(refused(Situation { open_complaint: true, ..fine }), "open_complaint");
    assert_eq!(refused(Situation { limits: &all_out, ..fine }), "holdout");
    assert_eq!(refused(Situation { global_holdout: Share::new(1.0).unwrap(), ..fine }), "holdout");
    assert_eq!(refused(Situation { in_audience: false, ..fine }), "audience");
    assert_eq!(refused(Situation { sends: &sent("2026-11-22", 2), ..fine }), "cap_day");
    let yesterday = sent("2026-11-21", 3);
    assert_eq!(decide(&Situation { sends: &yesterday, ..fine }), Decision::Send);
    let weekly = Cap { per_week: Some(3), ..Cap::default() };
    let weekly = Caps { channel: weekly, ..Caps::default() };
    assert_eq!(refused(Situation { caps: &weekly, sends: &yesterday, ..fine }), "cap_week");
}

#[test]
fn service_asks_for_less_but_takes_a_no() {
    let berlin = zone("Europe/Berlin");
    let open = Limits::default();
    let none_at_all = CapSettings { per_day: Some(0), ..CapSettings::default() };
    let (caps, many) = (open.caps(Lane::Service, "email", &none_at_all), sent("2026-11-22", 9));
    let service = Situation {
        lane: Lane::Service,
        caps: &caps,
        consent: None,
        open_complaint: true,
        global_holdout: Share::new(1.0).unwrap(),
        sends: &many,
        ..situation(&open, &berlin)
    };
    assert_eq!(decide(&service), Decision::Send);
    assert_eq!(
        decide(&Situation { consent: Some(false), ..service }),
        Decision::Refuse(Reason::Unsubscribed)
    );
    let strict = limits(r#"{"need_consent": true, "per_day": 1}"#);
    assert_eq!(decide(&Situation { limits: &strict, ..service }), Decision::Refuse(Reason::NoConsent));
}

#[test]
fn the_lower_cap_holds() {
    let deployment: CapSettings = serde_json::from_str(
        r#"{"per_day": 3, "per_week": 5, "rolling": {"24h": 3}, "channels": {"sms": {"per_week": 1}},
            "all_channels": {"per_day": 4, "rolling": {"1h": 1, "7d": 9}}}"#,
    )
    .unwrap();
    let caps = |json, channel| limits(json).caps(Lane::Marketing, channel, &deployment);
    let calendar = |json, channel| {
        let caps = caps(json, channel).channel;
        (caps.per_day, caps.per_week)
    };
    assert_eq!(calendar("{}", "email"), (Some(2), Some(5)));
    assert_eq!(calendar("{}", "sms"), (Some(2), Some(1)));
    assert_eq!(calendar(r#"{"per_day": 4, "per_week": 9}"#, "email"), (Some(3), Some(5)));
    assert_eq!(calendar(r#"{"per_day": 1, "per_week": 4}"#, "email"), (Some(1), Some(4)));
    let both = caps(
        r#"{"rolling": {"24h": 4, "2d": 5}, "all_channels": {"per_day": 2, "per_week": 6, "rolling": {"7d": 8}}}"#,
        "email",
    );
    let windows = |cap: &Cap| cap.rolling.0.iter().map(|(ms, most)| (*ms / HOUR, *most)).collect::<Vec<_>>();
    assert_eq!(windows(&both.channel), [(24, 3), (48, 5)]);
    assert_eq!(windows(&both.all_channels), [(1, 1), (168, 8)]);
    assert_eq!((both.all_channels.per_day, both.all_channels.per_week), (Some(2), Some(6)));
}

#[test]
fn quiet_hours_hold_or_drop() {
    let berlin = zone("Europe/Berlin");
    let now = at("2026-11-22T21:30:00Z"); // 22:30 in Berlin
    let hold = limits(r#"{"quiet_hours": {"from": "21:00", "to": "09:00"}}"#);
    let drop = limits(r#"{"quiet_hours": {"from": "21:00", "to": "09:00", "otherwise": "drop"}}"#);
    let s = situation(&hold, &berlin);
    assert_eq!(decide(&Situation { now, ..s }), Decision::Hold { until: at("2026-11-23T08:00:00Z") });
    assert_eq!(decide(&Situation { now, limits: &drop, ..s }), Decision::Refuse(Reason::QuietHours));
    assert_eq!(decide(&s), Decision::Send);
    // A no is not worth waiting with, and a cap is that of the day on which it would be sent.
    assert_eq!(decide(&Situation { now, consent: Some(false), ..s }), Decision::Refuse(Reason::Unsubscribed));
    assert!(matches!(decide(&Situation { now, sends: &sent("2026-11-22", 9), ..s }), Decision::Hold { .. }));
}

#[test]
fn a_window_ends_when_the_clock_says_so() {
    let berlin = zone("Europe/Berlin");
    let night = quiet(time(22, 0, 0, 0), time(2, 30, 0, 0));
    // 2026-03-29: the clock jumps from 02:00 to 03:00, at 01:00 UTC, over the end of the window.
    assert_eq!(night.end(&berlin, at("2026-03-29T00:30:00Z")), Some(at("2026-03-29T01:00:00Z")));
    // 2026-10-25: it is 02:30 twice, at 00:30 UTC and at 01:30 UTC.
    assert_eq!(night.end(&berlin, at("2026-10-24T23:00:00Z")), Some(at("2026-10-25T00:30:00Z")));
    assert_eq!(night.end(&berlin, at("2026-10-25T01:10:00Z")), Some(at("2026-10-25T01:30:00Z")));
    assert_eq!(night.end(&berlin, at("2026-10-25T01:30:00Z")), None);
    // Samoa had no 30 December 2011: at midnight its clock went from UTC-10 to UTC+14.
    let long = quiet(time(20, 0, 0, 0), time(9, 0, 0, 0));
    assert_eq!(long.end(&zone("Pacific/Apia"), at("2011-12-30T07:00:00Z")), Some(at("2011-12-30T19:00:00Z")));
}

#[test]
fn days_are_the_persons_own() {
    let now = at("2026-11-22T16:30:00Z");
    let epoch_day = |text| (at(text) / DAY) as i32;
    assert_eq!(local_day(&zone("Asia/Shanghai"), now), epoch_day("2026-11-23"));
    assert_eq!(local_day(&zone("Europe/Berlin"), now), epoch_day("2026-11-22"));
    assert_eq!(local_day(&zone("Pacific/Kiritimati"), now), epoch_day("2026-11-23"));
    assert_eq!(local_day(&zone("America/New_York"), at("1970-01-01T03:00:00Z")), -1);
    assert!(time_zone("Mars/Olympus").is_none());
}

#[test]
fn a_holdout_is_a_stable_share() {
    let people = || (0..20_000u128).map(|n| Key((n * 7_919).to_be_bytes()));
    let share = Share::new(0.05).unwrap();
    let held: Vec<Key> = people().filter(|p| share.holds("browse", *p)).collect();
    // 1,000 are expected, with a standard deviation of 31.
    assert!((850..=1_150).contains(&held.len()), "{}", held.len());
    let larger = Share::new(0.1).unwrap();
    assert!(held.iter().all(|p| larger.holds("browse", *p)), "a share that grows keeps whom it held");
    let both = held.iter().filter(|p| share.holds("welcome", **p)).count();
    assert!(both < 100, "campaigns hold out independently: {both}");
    assert_eq!(people().filter(|p| Share::default().holds("browse", *p)).count(), 0);
}

#[test]
fn a_file_says_what_is_wrong() {
    let error = |json| serde_json::from_str::<Limits>(json).unwrap_err().to_string();
    assert!(error(r#"{"per_hour": 1}"#).contains("unknown field `per_hour`"));
    assert!(error(r#"{"rolling": {"1 day": 1}}"#).contains("`1 day` is no window of a cap"));
    assert!(error(r#"{"all_channels": {"per_hour": 1}}"#).contains("unknown field `per_hour`"));
    assert!(error(r#"{"holdout": 5}"#).contains("from 0 to 1"));
    assert!(error(r#"{"quiet_hours": {"from": "9 pm", "to": "09:00"}}"#).contains("`9 pm` is no clock time"));
    assert!(error(r#"{"quiet_hours": {"from": "21:00", "to": "24:00"}}"#).contains("`24:00`"));
    assert!(error(r#"{"quiet_hours": {"from": "21:00", "to": "21:00"}}"#).contains("22 hours"));
    for reason in Reason::all() {
        assert_eq!(Reason::parse(reason.as_str()), Some(reason));
    }
}

/// Days around changes of the clock: Berlin (spring, autumn), New York (spring, autumn), Lord Howe, whose
/// clock moves by half an hour, and plain Shanghai.
const CHANGES: [(&str, &str); 6] = [
    ("Europe/Berlin", "2026-03-29T00:00:00Z"),
    ("Europe/Berlin", "2026-10-25T00:00:00Z"),
    ("America/New_York", "2026-03-08T06:00:00Z"),
    ("America/New_York", "2026-11-01T05:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Asia/Shanghai", "2026-06-01T00:00:00Z"),
];

/// The local clock, reckoned from the zone's offset alone.
fn clock(zone: &TimeZone, at: i64) -> (i64, i64) {
    let offset = zone.to_offset(jiff::Timestamp::from_millisecond(at).unwrap()).seconds();
    let minutes = (at + i64::from(offset) * 1_000).div_euclid(MINUTE);
    (minutes.div_euclid(24 * 60), minutes.rem_euclid(24 * 60))
}

proptest! {
    #[test]
    fn never_sent_in_quiet_hours(
        change in 0usize..6,
        minutes in -36 * 60i64..36 * 60,
        from in 0i64..24 * 60,
        length in 1i64..=QuietHours::MAX_MINUTES,
        drop: bool,
    ) {
        let (name, around) = CHANGES[change];
        let zone = zone(name);
        let now = at(around) + minutes * MINUTE + 30_000;
        let to = (from + length) % (24 * 60);
        let text = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let limits = limits(&format!(
            r#"{{"quiet_hours": {{"from": "{}", "to": "{}", "otherwise": "{}"}}}}"#,
            text(from), text(to), if drop { "drop" } else { "hold" },
        ));
        let inside = |at: i64| (clock(&zone, at).1 - from).rem_euclid(24 * 60) < length;
        match decide(&Situation { now, due_at: now, ..situation(&limits, &zone) }) {
            Decision::Send => prop_assert!(!inside(now)),
            Decision::Refuse(reason) => {
                prop_assert!(drop && inside(now));
                prop_assert_eq!(reason, Reason::QuietHours);
            }
            Decision::Hold { until } => {
                prop_assert!(!drop && inside(now));
                prop_assert!(until > now && until - now <= 24 * HOUR);
                prop_assert!(!inside(until));
            }
        }
    }

    #[test]
    fn a_hold_is_no_longer_than_need_be(change in 0usize..6, minutes in -36 * 60i64..36 * 60, from in 0i64..24 * 60) {
        let (name, around) = CHANGES[change];
        let zone = zone(name);
        let now = at(around) + minutes * MINUTE;
        // From any time to 09:00, which no zone here jumps over or repeats: the first minute outside.
        let length = (9 * 60 - from).rem_euclid(24 * 60);
        prop_assume!(length > 0 && length <= QuietHours::MAX_MINUTES);
        prop_assume!(!(60..=180).contains(&from));
        let quiet = quiet(time((from / 60) as i8, (from % 60) as i8, 0, 0), time(9, 0, 0, 0));
        let inside = |at: i64| (clock(&zone, at).1 - from).rem_euclid(24 * 60) < length;
        let first_outside = (0..).map(|n| now + n * MINUTE).find(|at| !inside(*at)).unwrap();
        prop_assert_eq!(quiet.end(&zone, now).unwrap_or(now), first_outside);
    }

    #[test]
    fn caps_count_by_local_day(change in 0usize..6, minutes in -36 * 60i64..36 * 60) {
        let (name, around) = CHANGES[change];
        let zone = zone(name);
        let now = at(around) + minutes * MINUTE;
        prop_assert_eq!(i64::from(local_day(&zone, now)), clock(&zone, now).0);
    }
}
