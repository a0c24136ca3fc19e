//! Bar charts as coordinates, for the page to draw.

use crate::calendar::Unit;
use crate::money;
use crate::report::Day;
use serde::Serialize;
use std::collections::BTreeMap;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;

/// A silence between orders that is longer than this many days parts the time line, so that years without
/// data do not squeeze the rest.
const GAP_DAYS: i32 = 180;
/// The latest stretches that are drawn.
const MAX_STRETCHES: usize = 6;

/// Revenue and orders of one stretch of time.
#[derive(Debug, Serialize)]
pub(crate) struct Stretch {
    /// `2026-10-24 – 2026-11-22`.
    pub span: String,
    /// Revenue, and orders.
    pub charts: [Chart; 2],
}

#[derive(Debug, Serialize)]
pub(crate) struct Chart {
    /// `revenue` or `orders`.
    pub kind: &'static str,
    pub caption: String,
    pub width: f64,
    pub height: f64,
    pub left: f64,
    /// Where zero lies.
    pub base: f64,
    pub bars: Vec<Bar>,
    pub grid: Vec<Mark>,
    pub ticks: Vec<Mark>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    label: String,
}

/// A grid line or a tick, and what is written at it.
#[derive(Debug, Serialize)]
pub(crate) struct Mark {
    at: f64,
    label: String,
}

/// The days with orders, in stretches without long gaps; the latest ones where there are many.
pub(crate) fn stretches(days: &[Day]) -> Vec<Stretch> {
    let parts: Vec<&[Day]> = days.chunk_by(|a, b| b.day.saturating_sub(a.day) <= GAP_DAYS).collect();
    parts[parts.len().saturating_sub(MAX_STRETCHES)..].iter().map(|days| stretch(days)).collect()
}

fn stretch(days: &[Day]) -> Stretch {
    let (first, last) = (&days[0], &days[days.len() - 1]);
    let unit = match last.day - first.day {
        ..=120 => Unit::Day,
        121..=1_100 => Unit::Week,
        _ => Unit::Month,
    };
    let currency = main_currency(days);
    let (start, end) = (unit.of(first.day), unit.of(last.day));
    let mut bins = vec![(0i64, 0i64); (end - start + 1) as usize];
    for day in days {
        let bin = &mut bins[(unit.of(day.day) - start) as usize];
        bin.0 = bin.0.saturating_add(day.revenue_minor.get(&currency).copied().unwrap_or(0));
        bin.1 += day.orders as i64;
    }
    let ticks: Vec<String> = (start..=end).map(|number| unit.tick(number)).collect();
    let bars = |pick: fn(&(i64, i64)) -> i64, text: &dyn Fn(i64) -> String| -> Vec<(i64, String)> {
        bins.iter()
            .zip(start..=end)
            .map(|(bin, number)| {
                (pick(bin), format!("{}: {}", prefixed(unit, &unit.label(number)), text(pick(bin))))
            })
            .collect()
    };
    let revenue = bars(|bin| bin.0, &|minor| money::amount(minor, &currency, false));
    let orders = bars(|bin| bin.1, &|orders| money::count(orders as u64));
    let caption = format!("Revenue by {}, {}", unit.name(), currency.replace("XXX", "no currency named"));
    Stretch {
        span: if first.day == last.day {
            first.date.clone()
        } else {
            format!("{} – {}", first.date, last.date)
        },
        charts: [
            Chart::new("revenue", caption, 210.0, revenue, &ticks, &|minor| money::axis(minor, &currency)),
            Chart::new("orders", format!("Orders by {}", unit.name()), 110.0, orders, &ticks, &|orders| {
                money::count(orders as u64)
            }),
        ],
    }
}

impl Chart {
    fn new(
        kind: &'static str,
        caption: String,
        height: f64,
        values: Vec<(i64, String)>,
        labels: &[String],
        axis: &dyn Fn(f64) -> String,
    ) -> Chart {
        let high = values.iter().map(|(value, _)| *value as f64).fold(0.0, f64::max);
        let low = values.iter().map(|(value, _)| *value as f64).fold(0.0, f64::min);
        let step = step(((high - low) / (height / 42.0)).max(1.0));
        let (top, bottom) = (((high / step).ceil() * step).max(step), (low / step).floor() * step);
        let y = |value: f64| round(TOP + (top - value) / (top - bottom) * (height - TOP - BOTTOM));
        let slot = (WIDTH - LEFT) / values.len().max(1) as f64;
        let bars = values
            .into_iter()
            .enumerate()
            .filter(|(_, (value, _))| *value != 0)
            .map(|(place, (value, label))| {
                let value = value as f64;
                // A bar that is there is seen, however small.
                let height = (y(value.min(0.0)) - y(value.max(0.0))).max(1.0);
                let width = (slot * 0.78).min(46.0);
                let x = LEFT + slot * (place as f64 + 0.5) - width / 2.0;
                let y = if value < 0.0 { y(0.0) } else { y(0.0) - height };
                Bar { x: round(x), y: round(y), width: round(width), height: round(height), label }
            })
            .collect();
        let lines = ((top - bottom) / step).round() as i32;
        let grid =
            (0..=lines).map(|n| bottom + step * f64::from(n)).map(|v| Mark { at: y(v), label: axis(v) });
        // About eight labels fit side by side.
        let every = labels.len().div_ceil(8);
        let ticks = labels.iter().enumerate().step_by(every).map(|(place, label)| Mark {
            at: round((LEFT + slot * (place as f64 + 0.5)).min(WIDTH - 26.0)),
            label: label.clone(),
        });
        Chart {
            kind,
            caption,
            width: WIDTH,
            height,
            left: LEFT,
            base: y(0.0),
            bars,
            grid: grid.collect(),
            ticks: ticks.collect(),
        }
    }
}

fn prefixed(unit: Unit, label: &str) -> String {
    if unit == Unit::Week { format!("week of {label}") } else { label.to_owned() }
}

/// The currency with most orders.
fn main_currency(days: &[Day]) -> String {
    let mut orders: BTreeMap<&str, u64> = BTreeMap::new();
    for day in days {
        day.revenue_minor.keys().for_each(|currency| *orders.entry(currency).or_default() += 0);
        day.orders_in.iter().for_each(|(currency, count)| *orders.entry(currency).or_default() += count);
    }
    let most = orders.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)));
    most.map_or("XXX", |(currency, _)| currency).to_owned()
}

/// The next of 1, 2, 5, 10, 20, 50, … from `least` on.
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * power).find(|step| *step >= least * 0.999).unwrap_or(power)
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i32, minor: i64) -> Day {
        Day {
            date: event::iso_date(day),
            day,
            orders: 1,
            customers: 1,
            revenue_minor: [("EUR".to_owned(), minor)].into(),
            orders_in: [("EUR".to_owned(), 1)].into(),
        }
    }

    #[test]
    fn long_silences_part_the_time_line() {
        let stretches = stretches(&[day(0, 100), day(3, 300), day(10_000, 100), day(10_200, 100)]);
        let shape: Vec<_> = stretches.iter().map(|s| (s.charts[0].bars.len(), s.span.as_str())).collect();
        assert_eq!(shape, [(2, "1970-01-01 – 1970-01-04"), (1, "1997-05-19"), (1, "1997-12-05"),]);
        let bars = &stretches[0].charts[0].bars;
        assert!((bars[1].height / bars[0].height - 3.0).abs() < 0.02, "{bars:?}");
    }

    #[test]
    fn refunds_hang_below_zero() {
        let stretches = stretches(&[day(0, 500), day(1, -500)]);
        let chart = &stretches[0].charts[0];
        assert_eq!(chart.bars[1].y, chart.base);
        assert_eq!(chart.bars[0].height, chart.bars[1].height);
    }

    #[test]
    fn steps_are_round() {
        assert_eq!([step(1.0), step(3.0), step(70.0), step(0.2)], [1.0, 5.0, 100.0, 0.2]);
    }
}
