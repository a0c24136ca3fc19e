//! Data quality: what comes in, from where, and how good it is.

use crate::catalogue::Catalogue;
use crate::observed::{HOURS, HourSeen, Observed};
use event::{HOUR, Measure, QualityCount, iso_time};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A source that was quiet for so many hours is told as such.
const QUIET_HOURS: i64 = 24;
/// Rules broken, and properties often missing, that are told.
const MOST: usize = 50;
/// Of how many events a property's null rate says something.
const FEW: u64 = 20;

/// Data quality over the last week, hour by hour, and what is worst in the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataQuality {
    /// ISO 8601, UTC.
    pub generated_at: String,
    /// The first and last hour, ISO 8601, UTC. An hour is one of arrival.
    pub from: String,
    pub to: String,
    /// By name.
    pub sources: Vec<SourceQuality>,
    /// Records that did not become events, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Rules of the tracking plan that were broken, over all that the catalogue covers; most often first.
    pub violations: Vec<ViolationQuality>,
    /// Properties that are missing in some events and not in others, over the same; most often missing first.
    pub null_rates: Vec<NullRate>,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceQuality {
    pub source: String,
    /// Events of all time.
    pub events: u64,
    /// When its newest event came, and when the newest that came happened, ISO 8601, UTC; empty for a source of which
    /// nothing was taken.
    pub newest_came: String,
    pub newest_happened: String,
    /// Freshness: how long ago the newest came, ms.
    pub age_ms: Option<i64>,
    /// Whether it was quiet for a day or longer.
    pub is_quiet: bool,
    /// Of the week.
    pub total: Measures,
    /// The hours in which anything came.
    pub hours: Vec<HourQuality>,
}

/// One hour of a source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HourQuality {
    /// ISO 8601, UTC.
    pub hour: String,
    /// Hours since 1970-01-01.
    #[serde(skip)]
    pub number: i64,
    #[serde(flatten)]
    pub measures: Measures,
}

/// What is measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Measures {
    /// Volume: events taken in, each once.
    pub events: u64,
    /// Received more than an hour after they happened.
    pub late: u64,
    /// Without a time, or of the future: the receive time stands in.
    pub without_time: u64,
    /// Dropped, since their message id was known.
    pub duplicates: u64,
    /// Records of which only the answers about consent were kept, or nothing, since the person did not agree.
    pub withheld: u64,
    /// In quarantine, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Events that break the tracking plan and passed.
    pub violating: u64,
    /// Events that were mended.
    pub fixed: u64,
    /// Share of the values of properties and traits that are null or empty, 0 to 1; `None` where none was looked at.
    pub null_rate: Option<f64>,
    #[serde(skip)]
    values: u64,
    #[serde(skip)]
    empty: u64,
}

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ViolationQuality {
    pub event: String,
    pub rule: String,
    pub field: String,
    pub fixed: bool,
    pub count: u64,
}

/// A property that is often missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NullRate {
    pub event: String,
    pub property: String,
    pub required: bool,
    /// 0 to 1.
    pub null_rate: f64,
    /// Events that were looked into.
    pub events: u64,
}

pub(crate) fn quality(
    observed: &Observed,
    counts: &[QualityCount],
    catalogue: &Catalogue,
    now: i64,
) -> DataQuality {
    let to = now.div_euclid(HOUR);
    let from = to - HOURS + 1;
    let mut hours: BTreeMap<(&str, i64), Measures> = BTreeMap::new();
    for ((hour, source), seen) in &observed.hours {
        hours.entry((source, *hour)).or_default().add_seen(seen);
    }
    for count in counts.iter().filter(|count| (from..=to).contains(&count.hour)) {
        hours.entry((&count.source, count.hour)).or_default().add_count(count);
    }
    let names: BTreeSet<&str> =
        observed.sources.keys().map(String::as_str).chain(hours.keys().map(|(source, _)| *source)).collect();
    let mut rejected = BTreeMap::new();
    let sources = names.into_iter().map(|name| {
        let theirs = hours.range((name, i64::MIN)..=(name, i64::MAX));
        let mut total = Measures::default();
        let hours: Vec<HourQuality> = theirs
            .map(|((_, number), measures)| {
                total.add(measures);
                let mut measures = measures.clone();
                measures.settle();
                HourQuality { hour: iso_time(number * HOUR), number: *number, measures }
            })
            .collect();
        total.settle();
        for (code, count) in &total.rejected {
            *rejected.entry(code.clone()).or_default() += count;
        }
        let seen = observed.sources.get(name);
        let age = seen.map(|seen| (now - seen.newest_came).max(0));
        SourceQuality {
            source: name.to_owned(),
            events: seen.map_or(0, |seen| seen.count),
            newest_came: seen.map_or(String::new(), |seen| iso_time(seen.newest_came)),
            newest_happened: seen.map_or(String::new(), |seen| iso_time(seen.newest_happened)),
            age_ms: age,
            is_quiet: age.is_none_or(|age| age >= QUIET_HOURS * HOUR),
            total,
            hours,
        }
    });
    DataQuality {
        generated_at: iso_time(now),
        from: iso_time(from * HOUR),
        to: iso_time(to * HOUR),
        sources: sources.collect(),
        violations: violations(catalogue),
        null_rates: null_rates(catalogue),
        rejected,
    }
}

impl Measures {
    fn add_seen(&mut self, seen: &HourSeen) {
        self.events += seen.events;
        self.late += seen.late;
        self.without_time += seen.without_time;
        self.violating += seen.violating;
        self.fixed += seen.fixed;
        self.withheld += seen.withheld;
        self.values += seen.values;
        self.empty += seen.empty;
    }

    fn add_count(&mut self, count: &QualityCount) {
        match count.measure {
            Measure::Duplicate => self.duplicates += count.count,
            Measure::Withheld => self.withheld += count.count,
            Measure::Rejected(code) => {
                *self.rejected.entry(code.as_str().to_owned()).or_default() += count.count;
            }
        }
    }

    fn add(&mut self, other: &Measures) {
        self.events += other.events;
        self.late += other.late;
        self.without_time += other.without_time;
        self.duplicates += other.duplicates;
        self.withheld += other.withheld;
        self.violating += other.violating;
        self.fixed += other.fixed;
        self.values += other.values;
        self.empty += other.empty;
        for (code, count) in &other.rejected {
            *self.rejected.entry(code.clone()).or_default() += count;
        }
    }

    fn settle(&mut self) {
        self.null_rate = (self.values > 0).then(|| self.empty as f64 / self.values as f64);
    }

    /// How many records were refused.
    pub fn rejections(&self) -> u64 {
        self.rejected.values().sum()
    }
}

fn violations(catalogue: &Catalogue) -> Vec<ViolationQuality> {
    let mut all: Vec<ViolationQuality> = catalogue
        .events
        .iter()
        .flat_map(|event| event.violations.iter().map(move |violation| (event, violation)))
        .map(|(event, violation)| ViolationQuality {
            event: event.name.clone(),
            rule: violation.rule.clone(),
            field: violation.field.clone(),
            fixed: violation.fixed,
            count: violation.count,
        })
        .collect();
    all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (&a.event, &a.field).cmp(&(&b.event, &b.field))));
    all.truncate(MOST);
    all
}

/// Properties at the top: what stands in a list is missing wherever the list is shorter.
fn null_rates(catalogue: &Catalogue) -> Vec<NullRate> {
    let mut all = Vec::new();
    for event in catalogue.events.iter().filter(|event| event.looked_into >= FEW) {
        for (prefix, fields) in [("", &event.properties), ("trait ", &event.traits)] {
            let told = fields.iter().filter(|field| field.null_rate > 0.0 && !field.name.contains("[]"));
            all.extend(told.map(|field| NullRate {
                event: event.name.clone(),
                property: format!("{prefix}{}", field.name),
                required: field.required,
                null_rate: field.null_rate,
                events: event.looked_into,
            }));
        }
    }
    all.sort_by(|a, b| {
        let rate = b.null_rate.total_cmp(&a.null_rate);
        b.required.cmp(&a.required).then(rate).then(b.events.cmp(&a.events))
    });
    all.truncate(MOST);
    all
}
