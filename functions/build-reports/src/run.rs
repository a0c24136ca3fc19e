//! From the lake to a report.

use crate::campaigns::{campaigns, share};
use crate::catalogue::{Catalogue, Planned, catalogue};
use crate::cohorts::cohorts;
use crate::gather::{COLUMNS, Gathered, did};
use crate::observed::{HOURS, observe};
use crate::products::{Products, products};
use crate::quality::{DataQuality, quality};
use crate::report::{FunnelStage, Period, Quality, Report, Totals};
use crate::sales;
use crate::{catalogue_page, page, quality_page, refunds};
use event::{HOUR, PortError, QualitySource, day_of, iso_date, iso_time};
use lake::{EVENTS, LakeError, LakeFile, LakeStore, ReportStore, scan};
use serde::Serialize;

/// What a report covers and how it counts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The page's title.
    pub title: String,
    /// First day, days since 1970-01-01; `None` from the beginning.
    pub from: Option<i32>,
    /// Last day; `None` to the end.
    pub to: Option<i32>,
    /// How many days after a message an order counts for its campaign.
    pub attribution_days: u32,
    /// How many of the newest events the catalogue looks into, about; older ones are only counted.
    pub look_into: u64,
    /// What the tracking plan names.
    pub planned: Planned,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            title: "Customer report".into(),
            from: None,
            to: None,
            attribution_days: 7,
            look_into: 2_000_000,
            planned: Planned::new(),
        }
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The invocation asks for something that can't be.
    #[error("{0}")]
    Invalid(String),
    /// The template does not fit the numbers.
    #[error("the report page could not be rendered: {0}")]
    Page(String),
}

/// What the events of the lake look like, and how they come in.
#[derive(Debug, Clone, PartialEq)]
pub struct Insight {
    pub catalogue: Catalogue,
    pub quality: DataQuality,
}

/// Reads catalogue and data quality out of the lake, and of the counts of what is not in it. `now` is UTC ms.
pub async fn insight<L: LakeStore, Q: QualitySource>(
    lake: &L,
    counts: &Q,
    now: i64,
    settings: &Settings,
) -> Result<Insight, ReportError> {
    let observed = observe(lake, now, settings.look_into).await?;
    let newest = now.div_euclid(HOUR);
    let counts = counts.between(newest - HOURS + 1, newest).await?;
    let catalogue = catalogue(&observed, &settings.planned, now);
    let quality = quality(&observed, &counts, &catalogue, now);
    Ok(Insight { catalogue, quality })
}

/// Computes a report from the whole lake and writes it, as `index.html` and `report.json`, to `reports/<version>/` and
/// then to `reports/latest/`; beside it the catalogue and data quality, also as a page and as JSON,
/// and what people look at, as `products.json`. `now` is UTC ms.
pub async fn run<L: LakeStore, R: ReportStore, Q: QualitySource>(
    lake: &L,
    reports: &R,
    counts: &Q,
    now: i64,
    settings: &Settings,
) -> Result<Report, ReportError> {
    let mut gathered = Gathered::default();
    let (from, to) = (settings.from.unwrap_or(i32::MIN), settings.to.unwrap_or(i32::MAX));
    for path in lake.list(EVENTS).await? {
        scan(&path, lake.open(&path).await?, COLUMNS, |rows| gathered.take(rows, from, to))?;
        if gathered.refunds.is_any() {
            scan(&path, lake.open(&path).await?, refunds::COLUMNS, |rows| gathered.refunds.name(rows))?;
        }
        gathered.end_file();
    }
    let (report, products) = conclude(gathered, now, settings);
    let Insight { catalogue, quality } = insight(lake, counts, now, settings).await?;
    let title = settings.title.as_str();
    let files = [
        ("catalogue.html", html(catalogue_page::render(&catalogue, title))?),
        ("catalogue.json", json(&catalogue)?),
        ("quality.html", html(quality_page::render(&quality, title, now))?),
        ("quality.json", json(&quality)?),
        ("report.json", json(&report)?),
        ("products.json", json(&products)?),
        // Last, since it links to the others.
        ("index.html", html(page::render(&report, title))?),
    ];
    for folder in [report.version.as_str(), "latest"] {
        for (name, bytes) in &files {
            let path = format!("reports/{folder}/{name}");
            reports.put(&LakeFile { path, bytes: bytes.clone() }).await?;
        }
    }
    Ok(report)
}

fn html(rendered: Result<String, minijinja::Error>) -> Result<Vec<u8>, ReportError> {
    rendered.map(String::into_bytes).map_err(|error| ReportError::Page(format!("{error:#}")))
}

fn json(numbers: &impl Serialize) -> Result<Vec<u8>, ReportError> {
    serde_json::to_vec_pretty(numbers).map_err(|error| ReportError::Page(error.to_string()))
}

fn conclude(mut gathered: Gathered, now: i64, settings: &Settings) -> (Report, Products) {
    gathered.settle();
    let visitors = gathered.count_who(did::VISIT);
    let (customers, repeat_customers) = sales::customers(&gathered);
    let refunds = gathered.purchases.iter().filter(|purchase| purchase.is_refund).count() as u64;
    let generated_at = iso_time(now);
    let products = products(&gathered, now);
    let report = Report {
        // 2026-11-22T10:00:00.250Z as 20261122T100000Z.
        version: generated_at.split('.').next().unwrap_or_default().replace(['-', ':'], "") + "Z",
        generated_at,
        period: gathered
            .first
            .zip(gathered.last)
            .map(|(first, last)| Period { from: iso_date(day_of(first)), to: iso_date(day_of(last)) }),
        totals: Totals {
            events: gathered.rows,
            people: gathered.count_people(),
            visitors,
            orders: gathered.purchases.len() as u64 - refunds,
            refunds,
            customers,
            repeat_customers,
            conversion_rate: share(customers, visitors),
        },
        currencies: sales::currencies(&gathered),
        funnel: [
            ("Visited", did::VISIT),
            ("Viewed a product", did::VIEW),
            ("Added to cart", did::ADD),
            ("Ordered", did::ORDER),
        ]
        .map(|(name, mark)| {
            let people = gathered.count_who(mark);
            FunnelStage { name, people, share: share(people, visitors) }
        })
        .into(),
        days: sales::days(&gathered),
        cohorts: cohorts(&gathered),
        attribution_days: settings.attribution_days,
        campaigns: campaigns(&gathered, settings.attribution_days),
        quality: Quality {
            rows: gathered.rows,
            late: gathered.late,
            time_missing: gathered.time_missing,
            time_future: gathered.time_future,
            without_identifier: gathered.without_identifier,
            without_amount: gathered.purchases.iter().filter(|p| p.amount.is_none()).count() as u64,
        },
    };
    (report, products)
}
