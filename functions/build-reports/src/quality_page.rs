//! Data quality as one page of HTML that needs nothing else.

use crate::money;
use crate::observed::HOURS;
use crate::page::environment;
use crate::quality::{DataQuality, Measures, SourceQuality};
use event::{DAY, HOUR, MINUTE};
use minijinja::Error;
use minijinja::value::Serde;
use serde::Serialize;

/// The strip of a source's week.
const WIDTH: f64 = 336.0;
const HEIGHT: f64 = 34.0;

/// Renders the page. Everything that came from data is escaped.
pub(crate) fn render(quality: &DataQuality, title: &str, now: i64) -> Result<String, Error> {
    let newest = now.div_euclid(HOUR);
    let mut total = Totals::default();
    quality.sources.iter().for_each(|source| total.add(&source.total));
    environment()?.get_template("quality")?.render(Serde(Page {
        title,
        generated_at: quality.generated_at.get(..16).unwrap_or_default().replace('T', " "),
        from: quality.from.get(..16).unwrap_or_default().replace('T', " "),
        tiles: total.tiles(quality),
        sources: quality.sources.iter().map(|source| row(source, newest)).collect(),
        rejected: {
            let mut rejected: Vec<_> = quality.rejected.iter().collect();
            rejected.sort_by(|a, b| b.1.cmp(a.1));
            rejected.into_iter().map(|(code, count)| (code.replace('_', " "), money::count(*count))).collect()
        },
        violations: quality
            .violations
            .iter()
            .map(|v| ViolationRow {
                event: &v.event,
                rule: &v.rule,
                field: &v.field,
                fixed: v.fixed,
                count: money::count(v.count),
            })
            .collect(),
        null_rates: quality
            .null_rates
            .iter()
            .take(20)
            .map(|rate| NullRow {
                event: &rate.event,
                property: &rate.property,
                required: rate.required,
                rate: money::percent(rate.null_rate),
                width: format!("{:.1}", rate.null_rate * 100.0),
                events: money::count(rate.events),
            })
            .collect(),
    }))
}

#[derive(Serialize)]
struct Page<'q> {
    title: &'q str,
    generated_at: String,
    from: String,
    tiles: Vec<Tile>,
    sources: Vec<SourceRow<'q>>,
    rejected: Vec<(String, String)>,
    violations: Vec<ViolationRow<'q>>,
    null_rates: Vec<NullRow<'q>>,
}

#[derive(Serialize)]
struct Tile {
    name: &'static str,
    value: String,
    note: String,
    is_bad: bool,
}

#[derive(Serialize)]
struct SourceRow<'q> {
    name: &'q str,
    is_quiet: bool,
    age: String,
    newest_came: String,
    newest_happened: String,
    events: String,
    late: String,
    duplicates: String,
    rejected: String,
    withheld: String,
    violating: String,
    null_rate: String,
    bars: Vec<Bar>,
}

/// One hour: what was taken, and above it what was refused.
#[derive(Serialize)]
struct Bar {
    x: String,
    y: String,
    height: String,
    refused_y: String,
    refused_height: String,
    label: String,
}

#[derive(Serialize)]
struct ViolationRow<'q> {
    event: &'q str,
    rule: &'q str,
    field: &'q str,
    fixed: bool,
    count: String,
}

#[derive(Serialize)]
struct NullRow<'q> {
    event: &'q str,
    property: &'q str,
    required: bool,
    rate: String,
    width: String,
    events: String,
}

#[derive(Default)]
struct Totals {
    events: u64,
    late: u64,
    duplicates: u64,
    rejected: u64,
    withheld: u64,
    violating: u64,
    fixed: u64,
}

impl Totals {
    fn add(&mut self, measures: &Measures) {
        self.events += measures.events;
        self.late += measures.late;
        self.duplicates += measures.duplicates;
        self.rejected += measures.rejections();
        self.withheld += measures.withheld;
        self.violating += measures.violating;
        self.fixed += measures.fixed;
    }

    fn tiles(&self, quality: &DataQuality) -> Vec<Tile> {
        let quiet = quality.sources.iter().filter(|source| source.is_quiet).count();
        let records = self.events + self.rejected + self.withheld + self.duplicates;
        let share = |part, whole| money::percent(crate::campaigns::share(part, whole));
        let tile = |name, count: u64, note, is_bad| Tile { name, value: money::count(count), note, is_bad };
        vec![
            tile("Events", self.events, "taken in, in seven days".into(), false),
            tile(
                "Sources",
                quality.sources.len() as u64,
                if quiet == 0 { "all heard of today".into() } else { format!("{quiet} quiet for a day") },
                quiet > 0,
            ),
            tile(
                "Refused",
                self.rejected,
                format!("{} of records", share(self.rejected, records)),
                self.rejected > 0,
            ),
            tile(
                "Against the plan",
                self.violating,
                format!("passed; {} mended", money::count(self.fixed)),
                self.violating > 0,
            ),
            tile("Late", self.late, format!("{} came an hour late", share(self.late, self.events)), false),
            tile("Duplicates", self.duplicates, "dropped".into(), false),
            tile("Withheld", self.withheld, "for want of consent".into(), false),
        ]
    }
}

fn row(source: &SourceQuality, newest: i64) -> SourceRow<'_> {
    let total = &source.total;
    let or_dash = |count: u64| if count == 0 { "–".into() } else { money::count(count) };
    let time = |text: &str| text.get(..16).unwrap_or("–").replace('T', " ");
    SourceRow {
        name: &source.source,
        is_quiet: source.is_quiet,
        age: source.age_ms.map_or("nothing taken yet".into(), age),
        newest_came: time(&source.newest_came),
        newest_happened: time(&source.newest_happened),
        events: or_dash(total.events),
        late: or_dash(total.late),
        duplicates: or_dash(total.duplicates),
        rejected: or_dash(total.rejections()),
        withheld: or_dash(total.withheld),
        violating: or_dash(total.violating),
        null_rate: total.null_rate.map_or("–".into(), money::percent),
        bars: bars(source, newest),
    }
}

fn bars(source: &SourceQuality, newest: i64) -> Vec<Bar> {
    let most = source.hours.iter().map(|hour| hour.measures.events + hour.measures.rejections()).max();
    let most = most.unwrap_or(0).max(1) as f64;
    let slot = WIDTH / HOURS as f64;
    let bar = |hour: &crate::quality::HourQuality| {
        let (events, refused) = (hour.measures.events, hour.measures.rejections());
        // What is there is seen, however small.
        let size = |count: u64| if count == 0 { 0.0 } else { (count as f64 / most * HEIGHT).max(1.5) };
        let (height, above) = (size(events), size(refused));
        let height = height.min(HEIGHT - above.min(HEIGHT));
        Bar {
            x: format!("{:.1}", (HOURS - 1 - (newest - hour.number)) as f64 * slot),
            y: format!("{:.1}", HEIGHT - height),
            height: format!("{height:.1}"),
            refused_y: format!("{:.1}", HEIGHT - height - above),
            refused_height: format!("{above:.1}"),
            label: format!(
                "{} UTC: {} events, {} refused",
                hour.hour.get(..16).unwrap_or_default().replace('T', " "),
                money::count(events),
                money::count(refused)
            ),
        }
    };
    source.hours.iter().map(bar).collect()
}

/// `3 hours`.
pub(crate) fn age(ms: i64) -> String {
    let told = |count: i64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    match ms {
        ms if ms < MINUTE => "less than a minute".into(),
        ms if ms < HOUR => told(ms / MINUTE, "minute"),
        ms if ms < 2 * DAY => told(ms / HOUR, "hour"),
        ms => told(ms / DAY, "day"),
    }
}
