//! Visits to a shop: people come at random, do a handful of things some seconds apart, and some log in.

use crate::simulate::record::PRODUCTS;
use crate::simulate::{Action, Random, Record};
use event::{DAY, SECOND};

/// Half of all visits have at most this many events.
const MEDIAN_EVENTS: f64 = 8.0;
/// How far the number of events spreads: the standard deviation of its logarithm.
const SPREAD: f64 = 0.8;
/// The longest visit, in events.
const MOST_EVENTS: f64 = 200.0;
/// Mean time between two events of a visit, ms.
const GAP: f64 = 20.0 * SECOND as f64;
/// The share of visits by somebody who was here before.
const RETURNING: f64 = 0.35;
/// The share of those who come back that are known, and logged in from their first event on.
const KNOWN: f64 = 0.57;
/// The share of first visits in which somebody logs in. With those who come back a quarter of all visits are known.
const FIRST_LOGINS: f64 = 0.077;
/// How long ago those who come back were here before.
const AGO: i64 = 7 * DAY;
/// The share of visits that end with an order.
const ORDERS: f64 = 0.03;
/// The share of events that put something into the cart: some 15 % of visits have one, at the upper end of what shops
/// report.
const ADDED: f64 = 0.015;
/// The share of visits that a newsletter led to.
const NEWSLETTER: f64 = 0.2;
/// A sender sends what it has once it has so many events.
const MOST_SENT: usize = 20;
/// How long a request is on its way, ms.
const ON_THE_WAY: i64 = 150;

/// What to simulate.
#[derive(Debug, Clone, Copy)]
pub struct VisitSettings {
    /// How many events there are, exactly.
    pub events: usize,
    pub seed: u64,
    /// When the first visit may begin, UTC ms.
    pub start: i64,
    /// Over how long visits begin, ms; about, since they come at random.
    pub span: i64,
    /// How long a sender gathers events before it sends them, ms; 0 sends each at once.
    pub flush: i64,
}

/// What somebody's login does to a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Login {
    Never,
    /// Early in the visit.
    Now,
    Before,
}

/// The records of visits, in the order in which they arrive. Those who come back were here a week before:
/// [`history`].
pub fn visits(settings: &VisitSettings) -> Vec<Record> {
    let mut random = Random::new(settings.seed);
    let mean_wait = settings.span as f64 * mean_events() / settings.events.max(1) as f64;
    let regulars = regulars(settings);
    let (mut back, mut first) = (0, regulars);
    let mut records = Vec::with_capacity(settings.events);
    let mut begins = 0.0;
    while records.len() < settings.events {
        begins += random.exponential(mean_wait);
        let start = settings.start + begins as i64;
        // Nobody comes back a second time.
        let returns = random.chance(RETURNING) && back < regulars;
        let visitor = if returns { &mut back } else { &mut first };
        let device = *visitor;
        *visitor += 1;
        let login = match returns {
            true if is_known(device) => Login::Before,
            false if random.chance(FIRST_LOGINS) => Login::Now,
            _ => Login::Never,
        };
        let mut visit = visit(&mut random, device, login, start);
        visit.truncate(settings.events - records.len());
        send(&mut visit, settings.flush);
        records.append(&mut visit);
    }
    // Of those that arrive together, each sender's stay in order.
    records.sort_by_key(|record| record.received_at);
    records
}

/// What those who come back did when they were here for the first time: one visit each, in which known people logged
/// in.
pub fn history(settings: &VisitSettings) -> Vec<Record> {
    let mut random = Random::new(!settings.seed);
    let regulars = regulars(settings);
    let mut records = Vec::new();
    for device in 0..regulars {
        let start = settings.start - AGO + (random.unit() * settings.span as f64) as i64;
        let login = if is_known(device) { Login::Now } else { Login::Never };
        let mut visit = visit(&mut random, device, login, start);
        send(&mut visit, settings.flush);
        records.append(&mut visit);
    }
    records.sort_by_key(|record| record.received_at);
    records
}

/// The mean of the log-normal distribution.
fn mean_events() -> f64 {
    MEDIAN_EVENTS * (SPREAD * SPREAD / 2.0).exp()
}

/// How many people come back, about; their devices have the first numbers.
fn regulars(settings: &VisitSettings) -> usize {
    (settings.events as f64 / mean_events() * RETURNING).ceil() as usize
}

/// Whether somebody who comes back is known.
fn is_known(device: usize) -> bool {
    Random::new(device as u64).chance(KNOWN)
}

fn visit(random: &mut Random, device: usize, login: Login, start: i64) -> Vec<Record> {
    let events =
        (MEDIAN_EVENTS.ln() + SPREAD * random.normal()).exp().round().clamp(1.0, MOST_EVENTS) as usize;
    let orders = events > 2 && random.chance(ORDERS);
    let mut user = (login == Login::Before).then_some(device);
    let logs_in_at = if login == Login::Now { Some(random.below(events.min(4))) } else { None };
    let newsletter = random.chance(NEWSLETTER);
    let mut product = random.below(PRODUCTS);
    let mut at = start as f64;
    let mut records = Vec::with_capacity(events);
    for place in 0..events {
        if place > 0 {
            at += random.exponential(GAP);
        }
        let action = if logs_in_at == Some(place) {
            user = Some(device);
            Action::Identify
        } else if orders && place + 1 == events {
            Action::Ordered { product }
        } else {
            match random.unit() {
                chance if place == 0 || chance < 0.35 => Action::Page,
                chance if chance < 1.0 - ADDED => {
                    product = random.below(PRODUCTS);
                    Action::Viewed { product, dwell_ms: random.exponential(GAP) as usize }
                }
                _ => Action::Added { product },
            }
        };
        let (at, landing, id) = (at as i64, newsletter && place == 0, Record::new_id(random));
        records.push(Record { at, sent_at: 0, received_at: 0, device, user, landing, id, action });
    }
    records
}

/// Sends what a visit did: `flush` ms after the first event that waits, or when many wait.
fn send(visit: &mut [Record], flush: i64) {
    let mut rest = visit;
    while let Some(first) = rest.first() {
        let due = first.at + flush;
        let waiting = match flush {
            0 => 1,
            _ => rest.iter().take(MOST_SENT).take_while(|record| record.at <= due).count(),
        };
        let (sent, later) = std::mem::take(&mut rest).split_at_mut(waiting);
        let sent_at = if waiting == MOST_SENT { sent[waiting - 1].at } else { due };
        for record in sent {
            record.sent_at = sent_at;
            record.received_at = sent_at + ON_THE_WAY;
        }
        rest = later;
    }
}

impl Default for VisitSettings {
    /// A thousand events over a day, gathered for half a minute as the mobile SDKs of Segment do by default.
    fn default() -> VisitSettings {
        let (start, span) = (1_795_420_800_000, DAY);
        VisitSettings { events: 1_000, seed: 1, start, span, flush: 30 * SECOND }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashSet};

    /// A device comes once.
    fn by_visit(records: &[Record]) -> Vec<Vec<&Record>> {
        let mut devices: BTreeMap<usize, Vec<&Record>> = BTreeMap::new();
        for record in records {
            devices.entry(record.device).or_default().push(record);
        }
        for theirs in devices.values_mut() {
            theirs.sort_by_key(|record| record.at);
        }
        devices.into_values().collect()
    }

    fn day() -> Vec<Record> {
        visits(&VisitSettings { events: 40_000, seed: 3, span: 3 * DAY, ..VisitSettings::default() })
    }

    #[test]
    fn half_the_visits_have_eight_events_some_twenty_seconds_apart() {
        let records = day();
        let visits = by_visit(&records);
        let mut counts: Vec<usize> = visits.iter().map(Vec::len).collect();
        counts.sort_unstable();
        assert_eq!(counts[counts.len() / 2], 8);
        let gaps: Vec<i64> =
            visits.iter().flat_map(|visit| visit.windows(2).map(|pair| pair[1].at - pair[0].at)).collect();
        let mean = gaps.iter().sum::<i64>() as f64 / gaps.len() as f64;
        assert!((19_000.0..21_000.0).contains(&mean), "{mean} ms between events");
        let known = visits.iter().filter(|visit| visit.iter().any(|record| record.user.is_some())).count();
        let share = known as f64 / visits.len() as f64;
        assert!((0.22..0.28).contains(&share), "{share} of the visits are by known people");
    }

    #[test]
    fn the_same_seed_gives_the_same_records_and_another_gives_others() {
        let of = |seed| visits(&VisitSettings { events: 500, seed, ..VisitSettings::default() });
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_eq!(of(1).len(), 500);
    }

    #[test]
    fn records_arrive_in_order_each_with_an_id_of_its_own() {
        let records = day();
        assert!(records.is_sorted_by_key(|record| record.received_at));
        assert_eq!(records.iter().map(|record| record.id).collect::<HashSet<_>>().len(), records.len());
        let bytes: usize = records.iter().map(|record| record.to_json().len()).sum();
        let mean = bytes / records.len();
        assert!((620..780).contains(&mean), "{mean} bytes a record");
    }

    #[test]
    fn who_comes_back_known_was_here_and_logged_in() {
        let settings = VisitSettings { events: 5_000, ..VisitSettings::default() };
        let (history, visits) = (history(&settings), visits(&settings));
        let logged_in: HashSet<usize> = history
            .iter()
            .filter(|record| record.action == Action::Identify)
            .map(|record| record.device)
            .collect();
        let known_at_once = by_visit(&visits).into_iter().filter(|visit| visit[0].user.is_some());
        let known_before: Vec<usize> = known_at_once
            .filter(|visit| visit[0].action != Action::Identify)
            .map(|visit| visit[0].device)
            .collect();
        assert!(known_before.len() > 50);
        assert!(known_before.iter().all(|device| logged_in.contains(device)));
        assert!(history.last().unwrap().received_at < visits[0].received_at);
    }

    #[test]
    fn a_sender_gathers_half_a_minute_or_twenty_events() {
        let record = |at: i64| Record {
            at,
            sent_at: 0,
            received_at: 0,
            device: 0,
            user: None,
            landing: false,
            id: (0, 0),
            action: Action::Page,
        };
        let sent = |times: &[i64], flush| {
            let mut visit: Vec<Record> = times.iter().map(|at| record(*at)).collect();
            send(&mut visit, flush);
            visit.iter().map(|record| record.sent_at).collect::<Vec<_>>()
        };
        assert_eq!(sent(&[0, 29_000, 31_000, 70_000], 30_000), [30_000, 30_000, 61_000, 100_000]);
        assert_eq!(sent(&[0, 29_000], 0), [0, 29_000]);
        let crowd: Vec<i64> = (0..25).collect();
        let mut expected = vec![19; 20];
        expected.extend([30_020; 5]);
        assert_eq!(sent(&crowd, 30_000), expected);
    }
}
