//! The report as one page of HTML that needs nothing else.

use crate::chart::{self, Stretch};
use crate::money;
use crate::report::{CampaignResult, Cohorts, Period, Report};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error};
use serde::Serialize;
use std::collections::BTreeMap;

const TEMPLATES: [(&str, &str); 4] = [
    ("report", include_str!("report.html")),
    ("catalogue", include_str!("catalogue.html")),
    ("quality", include_str!("quality.html")),
    ("style", include_str!("style.css")),
];

/// The templates of all pages. Everything that came from data is escaped.
pub(crate) fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// Renders the page.
pub(crate) fn render(report: &Report, title: &str) -> Result<String, Error> {
    environment()?.get_template("report")?.render(Serde(Page {
        title,
        empty: report.totals.events == 0,
        // To the minute: nobody reads milliseconds.
        generated_at: report.generated_at.get(..16).unwrap_or_default().replace('T', " "),
        period: &report.period,
        tiles: tiles(report),
        currencies: report.currencies.iter().map(currency).collect(),
        stretches: chart::stretches(&report.days),
        funnel: funnel(report),
        cohorts: heat_map(&report.cohorts),
        campaigns: report.campaigns.iter().map(campaign).collect(),
        attribution_days: report.attribution_days,
        quality: quality(report),
    }))
}

#[derive(Serialize)]
struct Page<'r> {
    title: &'r str,
    empty: bool,
    generated_at: String,
    period: &'r Option<Period>,
    tiles: Vec<Tile>,
    currencies: Vec<CurrencyRow>,
    stretches: Vec<Stretch>,
    funnel: Vec<StageRow>,
    cohorts: HeatMap,
    campaigns: Vec<CampaignRow>,
    attribution_days: u32,
    quality: Vec<QualityRow>,
}

#[derive(Serialize)]
struct Tile {
    name: &'static str,
    value: String,
    note: String,
}

fn tiles(report: &Report) -> Vec<Tile> {
    let totals = &report.totals;
    let main = report.currencies.first();
    let tile = |name, value, note| Tile { name, value, note };
    let several = report.currencies.len() > 1;
    let note = main.map_or(String::new(), |main| {
        if main.refunded_minor > 0 {
            return format!("{} refunded", money::amount(main.refunded_minor, &main.currency, true));
        }
        if several { format!("in {}; others below", main.currency) } else { "no refunds".into() }
    });
    vec![
        tile("Revenue", main.map_or("–".into(), |m| money::amount(m.revenue_minor, &m.currency, true)), note),
        tile(
            "Orders",
            money::count(totals.orders),
            format!("by {} customers", money::count(totals.customers)),
        ),
        tile(
            "Average order",
            main.and_then(|m| Some(money::amount(m.average_order_minor?, &m.currency, false)))
                .unwrap_or("–".into()),
            "before refunds".into(),
        ),
        tile("Conversion", money::percent(totals.conversion_rate), "of visitors ordered".into()),
        tile(
            "Ordered again",
            money::percent(crate::campaigns::share(totals.repeat_customers, totals.customers)),
            "of customers".into(),
        ),
        tile("People", money::count(totals.people), format!("in {} events", money::count(totals.events))),
    ]
}

#[derive(Serialize)]
struct CurrencyRow {
    currency: String,
    orders: String,
    revenue: String,
    refunded: String,
    average: String,
}

fn currency(totals: &crate::report::CurrencyTotals) -> CurrencyRow {
    let amount = |minor| money::amount(minor, &totals.currency, false);
    CurrencyRow {
        currency: totals.currency.replace("XXX", "not named"),
        orders: money::count(totals.orders),
        revenue: amount(totals.revenue_minor),
        refunded: amount(totals.refunded_minor),
        average: totals.average_order_minor.map_or("–".into(), amount),
    }
}

#[derive(Serialize)]
struct StageRow {
    name: &'static str,
    people: String,
    share: String,
    /// Of the page's width, in per cent.
    width: String,
}

/// The stages that anybody reached: a shop that reports no carts has no empty bar for them.
fn funnel(report: &Report) -> Vec<StageRow> {
    let reached = report.funnel.iter().filter(|stage| stage.people > 0);
    reached
        .map(|stage| StageRow {
            name: stage.name,
            people: money::count(stage.people),
            share: money::percent(stage.share),
            width: format!("{:.1}", (stage.share * 100.0).max(0.5)),
        })
        .collect()
}

#[derive(Serialize)]
struct HeatMap {
    unit: &'static str,
    /// 1, 2, …: months or weeks after the first order.
    ages: Vec<usize>,
    rows: Vec<HeatRow>,
}

#[derive(Serialize)]
struct HeatRow {
    start: String,
    people: String,
    cells: Vec<HeatCell>,
}

#[derive(Serialize)]
struct HeatCell {
    text: String,
    title: String,
    /// Opacity of the colour behind it, 0 to 1.
    heat: String,
    is_dark: bool,
}

fn heat_map(cohorts: &Cohorts) -> HeatMap {
    let share = |ordered: u64, people: u64| crate::campaigns::share(ordered, people);
    let all =
        || cohorts.rows.iter().flat_map(|row| row.ordered.iter().skip(1).map(|n| share(*n, row.people)));
    let hottest = all().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let rows = cohorts.rows.iter().map(|row| HeatRow {
        start: row.start.clone(),
        people: money::count(row.people),
        cells: row
            .ordered
            .iter()
            .skip(1)
            .map(|&ordered| {
                let heat = share(ordered, row.people) / hottest * 0.85;
                HeatCell {
                    text: if ordered == 0 { "·".into() } else { money::percent(share(ordered, row.people)) },
                    title: format!("{} of {}", money::count(ordered), money::count(row.people)),
                    heat: format!("{heat:.3}"),
                    is_dark: heat > 0.65,
                }
            })
            .collect(),
    });
    let longest = cohorts.rows.iter().map(|row| row.ordered.len()).max().unwrap_or(1);
    HeatMap { unit: cohorts.unit, ages: (1..longest).collect(), rows: rows.collect() }
}

#[derive(Serialize)]
struct CampaignRow {
    campaign: String,
    sent: String,
    refused: String,
    /// `quiet hours 12, cap 3`.
    reasons: String,
    people: String,
    converted: String,
    rate: String,
    orders: String,
    revenue: String,
}

fn campaign(result: &CampaignResult) -> CampaignRow {
    let reasons: Vec<String> = result
        .refused
        .iter()
        .map(|(reason, count)| format!("{} {}", reason.replace('_', " "), money::count(*count)))
        .collect();
    CampaignRow {
        campaign: result.campaign.clone(),
        sent: money::count(result.sent),
        refused: money::count(result.refused.values().sum()),
        reasons: reasons.join(", "),
        people: money::count(result.people),
        converted: money::count(result.converted),
        rate: if result.people == 0 { "–".into() } else { money::percent(result.conversion_rate) },
        orders: money::count(result.orders),
        revenue: amounts(&result.revenue_minor),
    }
}

fn amounts(by_currency: &BTreeMap<String, i64>) -> String {
    if by_currency.is_empty() {
        return "–".into();
    }
    let amounts = by_currency.iter().map(|(currency, minor)| money::amount(*minor, currency, false));
    amounts.collect::<Vec<_>>().join(" + ")
}

#[derive(Serialize)]
struct QualityRow {
    name: &'static str,
    count: String,
    share: String,
}

fn quality(report: &Report) -> Vec<QualityRow> {
    let quality = &report.quality;
    let row = |name, count| QualityRow {
        name,
        count: money::count(count),
        share: money::percent(crate::campaigns::share(count, quality.rows)),
    };
    vec![
        row("Came more than an hour after they happened", quality.late),
        row("Had no usable time; the receive time stands in", quality.time_missing),
        row("Claimed to be of the future; the receive time stands in", quality.time_future),
        row("Had no identifier; counted for nobody", quality.without_identifier),
        row("Orders and refunds without an amount; counted without revenue", quality.without_amount),
    ]
}
