//! From quantities to dollars.

use crate::cost::month::Quantity;
use crate::cost::prices::Prices;
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;

/// The bill of one month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bill {
    /// Events of the month.
    pub events: f64,
    pub lines: Vec<Line>,
    pub dollars: f64,
    /// The same with what every account has free each month taken off.
    pub dollars_beyond_free: f64,
    /// Of the mail among it, which grows with messages rather than with events.
    pub mail_dollars: f64,
}

/// One line: what it is, how much of it, at what price.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub what: String,
    pub quantity: f64,
    pub unit: String,
    /// Dollars for `per` units.
    pub price: f64,
    pub per: f64,
    pub dollars: f64,
}

impl Bill {
    /// Prices the quantities of a month.
    pub fn of(events: f64, quantities: &[Quantity], prices: &Prices) -> Result<Bill> {
        let mut lines = Vec::new();
        let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
        for Quantity { what, item, quantity } in quantities {
            let price = prices.of(item)?;
            *totals.entry(item).or_default() += quantity;
            lines.push(Line {
                what: what.clone(),
                quantity: *quantity,
                unit: price.unit.clone(),
                price: price.price,
                per: price.per,
                dollars: quantity / price.per * price.price,
            });
        }
        let mut dollars_beyond_free = 0.0;
        let mut mail_dollars = 0.0;
        for (item, total) in totals {
            let price = prices.of(item)?;
            dollars_beyond_free += (total - price.free).max(0.0) / price.per * price.price;
            if item == "mails" {
                mail_dollars = total / price.per * price.price;
            }
        }
        let dollars = lines.iter().map(|line| line.dollars).sum();
        Ok(Bill { events, lines, dollars, dollars_beyond_free, mail_dollars })
    }

    /// Dollars for each million events, without mail; `None` for a month without events.
    pub fn per_million(&self) -> Option<f64> {
        self.per_million_of(self.dollars)
    }

    /// The same with what every account has free each month taken off.
    pub fn per_million_beyond_free(&self) -> Option<f64> {
        self.per_million_of(self.dollars_beyond_free)
    }

    fn per_million_of(&self, dollars: f64) -> Option<f64> {
        (self.events > 0.0).then(|| (dollars - self.mail_dollars) / self.events * 1e6)
    }
}
