//! Retention: people by the month or week of their first order, and when they ordered again.

use crate::calendar::Unit;
use crate::gather::Gathered;
use crate::report::{Cohort, Cohorts};
use event::day_of;
use std::collections::BTreeMap;

/// The latest cohorts that are shown.
const MAX_COHORTS: usize = 24;
/// Months or weeks that one is followed for, its own included.
const MAX_AGE: i32 = 13;
/// Weeks where the orders span fewer days than this.
const MONTHS_FROM_DAYS: i32 = 60;

/// The cohorts of all customers.
pub(crate) fn cohorts(gathered: &Gathered) -> Cohorts {
    let orders = || gathered.purchases.iter().filter(|purchase| !purchase.is_refund);
    let (Some(first), Some(last)) = (orders().map(|o| o.at).min(), orders().map(|o| o.at).max()) else {
        return Cohorts { unit: Unit::Month.name(), rows: Vec::new() };
    };
    let unit = if day_of(last) - day_of(first) < MONTHS_FROM_DAYS { Unit::Week } else { Unit::Month };
    // The data goes as far as the last event, not only as far as the last order.
    let end = unit.of_time(gathered.last.unwrap_or(last).max(last));

    let mut counts: BTreeMap<i32, Vec<u64>> = BTreeMap::new();
    for purchases in gathered.purchases.chunk_by(|a, b| a.person == b.person) {
        let mut orders = purchases.iter().filter(|p| !p.is_refund).map(|p| unit.of_time(p.at)).peekable();
        let Some(&start) = orders.peek() else { continue };
        let length = (end - start + 1).min(MAX_AGE);
        let ages = counts.entry(start).or_insert_with(|| vec![0; length as usize]);
        let mut before = None;
        for age in orders.map(|at| at - start) {
            if before.replace(age) != Some(age)
                && let Some(count) = ages.get_mut(age as usize)
            {
                *count += 1;
            }
        }
    }
    let skipped = counts.len().saturating_sub(MAX_COHORTS);
    let rows = counts
        .into_iter()
        .skip(skipped)
        .map(|(start, ordered)| Cohort { start: unit.label(start), people: ordered[0], ordered })
        .collect();
    Cohorts { unit: unit.name(), rows }
}
