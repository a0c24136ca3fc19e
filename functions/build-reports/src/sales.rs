//! Orders and money: totals by currency, and days.

use crate::gather::{Gathered, Purchase};
use crate::report::{CurrencyTotals, Day};
use event::{day_of, iso_date};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Totals by currency, most orders first.
pub(crate) fn currencies(gathered: &Gathered) -> Vec<CurrencyTotals> {
    #[derive(Clone, Default)]
    struct Sum {
        orders: u64,
        priced: i64,
        gross: i64,
        refunded: i64,
    }
    let names = gathered.currencies.all();
    let mut sums = vec![Sum::default(); names.len()];
    for purchase in &gathered.purchases {
        let sum = &mut sums[usize::from(purchase.currency)];
        let amount = purchase.amount.unwrap_or(0);
        if purchase.is_refund {
            sum.refunded = sum.refunded.saturating_sub(amount);
        } else {
            sum.orders += 1;
            sum.priced += i64::from(purchase.amount.is_some());
            sum.gross = sum.gross.saturating_add(amount);
        }
    }
    let mut totals: Vec<_> = names
        .iter()
        .zip(sums)
        .map(|(currency, sum)| CurrencyTotals {
            currency: currency.clone(),
            orders: sum.orders,
            revenue_minor: sum.gross.saturating_sub(sum.refunded),
            refunded_minor: sum.refunded,
            average_order_minor: (sum.priced > 0).then(|| rounded(sum.gross, sum.priced)),
        })
        .collect();
    totals.sort_by_key(|total| (Reverse(total.orders), total.currency.clone()));
    totals
}

/// The days with an order or a refund, in order.
pub(crate) fn days(gathered: &Gathered) -> Vec<Day> {
    let names = gathered.currencies.all();
    let mut purchases: Vec<&Purchase> = gathered.purchases.iter().collect();
    // People are in order already, and stay so within a day.
    purchases.sort_by_key(|purchase| day_of(purchase.at));
    purchases
        .chunk_by(|a, b| day_of(a.at) == day_of(b.at))
        .map(|purchases| {
            let day = day_of(purchases[0].at);
            let (mut revenue_minor, mut orders_in) = (BTreeMap::new(), BTreeMap::new());
            let (mut orders, mut customers, mut last) = (0, 0, None);
            for purchase in purchases {
                let name = &names[usize::from(purchase.currency)];
                let revenue: &mut i64 = revenue_minor.entry(name.clone()).or_default();
                *revenue = revenue.saturating_add(purchase.amount.unwrap_or(0));
                if !purchase.is_refund {
                    orders += 1;
                    *orders_in.entry(name.clone()).or_default() += 1;
                    customers += u64::from(last.replace(purchase.person) != Some(purchase.person));
                }
            }
            Day { date: iso_date(day), day, orders, customers, revenue_minor, orders_in }
        })
        .collect()
}

/// Customers, and those of them with more than one order.
pub(crate) fn customers(gathered: &Gathered) -> (u64, u64) {
    let (mut all, mut repeat) = (0, 0);
    for purchases in gathered.purchases.chunk_by(|a, b| a.person == b.person) {
        let orders = purchases.iter().filter(|purchase| !purchase.is_refund).count();
        all += u64::from(orders > 0);
        repeat += u64::from(orders > 1);
    }
    (all, repeat)
}

/// `sum / count`, rounded half away from zero.
fn rounded(sum: i64, count: i64) -> i64 {
    let (whole, rest) = (sum / count, sum % count);
    if rest.unsigned_abs() * 2 >= count.unsigned_abs() { whole + sum.signum() } else { whole }
}
