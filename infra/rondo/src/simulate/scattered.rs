//! Events of people drawn one by one, with no visits: the worst case for whoever gathers a person's events.

use crate::simulate::record::PRODUCTS;
use crate::simulate::{Action, Random, Record};

/// Events a second.
const RATE: i64 = 20;
/// How much likelier some people are drawn than others: the exponent of a uniform draw.
const SKEW: f64 = 1.7;
/// The share of events that are orders; the rest are product views.
const ORDERS: f64 = 0.12;
/// The share of records that come twice.
const TWICE: f64 = 0.01;
/// The share of records that come late, by up to [`LATENESS`] ms.
const LATE: f64 = 0.02;
const LATENESS: usize = 10_000;
/// From sending to receiving, ms.
const ON_THE_WAY: i64 = 150;

/// What to simulate.
#[derive(Debug, Clone, Copy)]
pub struct ScatteredSettings {
    /// How many different events there are; one in a hundred comes twice.
    pub events: usize,
    /// How many users they are drawn from.
    pub people: usize,
    pub seed: u64,
    /// When the first event happens, UTC ms.
    pub start: i64,
}

/// The records, in the order in which they arrive. All of them are of users.
pub fn scattered(settings: &ScatteredSettings) -> Vec<Record> {
    let mut random = Random::new(settings.seed);
    let mut records: Vec<Record> = Vec::with_capacity(settings.events + settings.events / 50);
    for number in 0..settings.events {
        let device = (settings.people as f64 * random.unit().powf(SKEW)) as usize;
        let at = settings.start + number as i64 * 1_000 / RATE;
        let late = if random.chance(LATE) { random.below(LATENESS) as i64 } else { 0 };
        let sent_at = at + 300 + late;
        let product = random.below(PRODUCTS);
        let action = match random.chance(ORDERS) {
            true => Action::Ordered { product },
            false => Action::Viewed { product, dwell_ms: random.exponential(20_000.0) as usize },
        };
        let received_at = sent_at + ON_THE_WAY;
        let id = Record::new_id(&mut random);
        // As in the workload that peers are compared by: every address names the newsletter.
        let (user, landing) = (Some(device), true);
        let record = Record { at, sent_at, received_at, device, user, landing, id, action };
        if random.chance(TWICE) {
            let delay = 1 + random.below(LATENESS) as i64;
            let again =
                Record { sent_at: sent_at + delay, received_at: received_at + delay, ..record.clone() };
            records.push(again);
        }
        records.push(record);
    }
    records.sort_by_key(|record| record.received_at);
    records
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn shares_are_those_of_the_workload() {
        let settings = ScatteredSettings { events: 20_000, people: 2_000, seed: 7, start: 0 };
        let records = scattered(&settings);
        let events: HashSet<(u64, u64)> = records.iter().map(|record| record.id).collect();
        assert_eq!(events.len(), 20_000);
        assert!((150..250).contains(&(records.len() - 20_000)), "{} come twice", records.len() - 20_000);
        let orders = records.iter().filter(|record| matches!(record.action, Action::Ordered { .. })).count();
        let share = orders as f64 / records.len() as f64;
        assert!((0.11..0.13).contains(&share), "{share} are orders");
        assert_eq!(scattered(&settings), records);
    }
}
