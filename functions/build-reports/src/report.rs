//! The numbers of a report: what `report.json` holds and the page shows.

use serde::Serialize;
use std::collections::BTreeMap;

/// All numbers. Money is in whole minor units of its currency; days are UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// ISO 8601, UTC.
    pub generated_at: String,
    /// The version: the folder it lies in, `20261122T100000Z`.
    pub version: String,
    /// `None` where the lake is empty.
    pub period: Option<Period>,
    pub totals: Totals,
    /// Most orders first: the first is the main currency.
    pub currencies: Vec<CurrencyTotals>,
    pub funnel: Vec<FunnelStage>,
    /// Days with an order or a refund.
    pub days: Vec<Day>,
    pub cohorts: Cohorts,
    pub attribution_days: u32,
    /// By name.
    pub campaigns: Vec<CampaignResult>,
    pub quality: Quality,
}

/// First and last day on which something happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    pub from: String,
    pub to: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Totals {
    pub events: u64,
    pub people: u64,
    /// People who did something, rather than only being sent messages.
    pub visitors: u64,
    pub orders: u64,
    pub refunds: u64,
    /// People with an order.
    pub customers: u64,
    /// Customers with more than one.
    pub repeat_customers: u64,
    /// Customers of visitors, 0 to 1.
    pub conversion_rate: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurrencyTotals {
    pub currency: String,
    pub orders: u64,
    /// Orders less refunds.
    pub revenue_minor: i64,
    pub refunded_minor: i64,
    /// Of the orders that named an amount, before refunds.
    pub average_order_minor: Option<i64>,
}

/// How many people did it at least once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FunnelStage {
    pub name: &'static str,
    pub people: u64,
    /// Of the visitors, 0 to 1.
    pub share: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Day {
    pub date: String,
    /// Days since 1970-01-01.
    #[serde(skip)]
    pub day: i32,
    pub orders: u64,
    /// People who ordered that day.
    pub customers: u64,
    /// Orders less refunds, by currency.
    pub revenue_minor: BTreeMap<String, i64>,
    #[serde(skip)]
    pub orders_in: BTreeMap<String, u64>,
}

/// People by the month or week of their first order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cohorts {
    /// `month`, or `week` (from Monday) where the orders span less than 60 days.
    pub unit: &'static str,
    pub rows: Vec<Cohort>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cohort {
    /// `2026-11`, or the date of the week's Monday.
    pub start: String,
    pub people: u64,
    /// How many of them ordered in the same month or week, the next, and so on, as far as the data goes.
    pub ordered: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CampaignResult {
    pub campaign: String,
    /// Messages.
    pub sent: u64,
    pub refused: BTreeMap<String, u64>,
    /// People who were sent at least one.
    pub people: u64,
    /// Those of them who ordered within the attribution window after one.
    pub converted: u64,
    /// Of the people, 0 to 1.
    pub conversion_rate: f64,
    /// Orders within the window. An order may count for several campaigns.
    pub orders: u64,
    /// Of those orders, by currency.
    pub revenue_minor: BTreeMap<String, i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Quality {
    pub rows: u64,
    /// Received more than an hour after they happened.
    pub late: u64,
    /// Without a usable time.
    pub time_missing: u64,
    /// Of the future: the receive time stands in.
    pub time_future: u64,
    pub without_identifier: u64,
    /// Orders and refunds that named no amount: counted, without revenue.
    pub without_amount: u64,
}
