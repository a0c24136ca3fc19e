//! Counts of what left no event behind, by hour and source.

use crate::{Code, HOUR, PortError, Quarantined};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What happened to records that did not become events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Refused, with this reason.
    Rejected(Code),
    /// An event whose message id was known already.
    Duplicate,
    /// Its content was kept nowhere, since the person did not agree.
    Withheld,
}

impl Measure {
    /// The measure as it is stored: `rejected:invalid_json`, `duplicate`, `withheld`.
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Measure::Rejected(code) => Cow::Owned(format!("rejected:{}", code.as_str())),
            Measure::Duplicate => Cow::Borrowed("duplicate"),
            Measure::Withheld => Cow::Borrowed("withheld"),
        }
    }

    /// The measure of that name; `None` for one of a later release.
    pub fn parse(name: &str) -> Option<Measure> {
        match name {
            "duplicate" => Some(Measure::Duplicate),
            "withheld" => Some(Measure::Withheld),
            other => other.strip_prefix("rejected:").and_then(Code::parse).map(Measure::Rejected),
        }
    }
}

/// So many records of a source, in an hour.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QualityCount {
    /// Hours since 1970-01-01, UTC.
    pub hour: i64,
    /// As an event's: a write key's name, or a file's.
    pub source: String,
    pub measure: Measure,
    pub count: u64,
}

impl QualityCount {
    /// The counts of events that were known already, taken from the bus at `at` (UTC ms): so many of each source.
    pub fn of_duplicates<'s>(sources: impl IntoIterator<Item = &'s str>, at: i64) -> Vec<QualityCount> {
        Self::of_sources(sources, Measure::Duplicate, at)
    }

    /// The counts of records from these sources, to which that happened at `at` (UTC ms).
    pub fn of_sources<'s>(
        sources: impl IntoIterator<Item = &'s str>,
        measure: Measure,
        at: i64,
    ) -> Vec<QualityCount> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        sources.into_iter().for_each(|source| *counts.entry(source).or_default() += 1);
        let count = |(source, count): (&str, u64)| QualityCount {
            hour: at.div_euclid(HOUR),
            source: source_of(source).to_owned(),
            measure,
            count,
        };
        counts.into_iter().map(count).collect()
    }

    /// The counts of records from `source` that left nothing, at `at` (UTC ms), since they must not be kept: of each
    /// the reason.
    pub fn of_dropped(reasons: impl IntoIterator<Item = Code>, source: &str, at: i64) -> Vec<QualityCount> {
        let mut counts: BTreeMap<Measure, u64> = BTreeMap::new();
        let measure = |code| match code {
            Code::NoConsent => Measure::Withheld,
            code => Measure::Rejected(code),
        };
        reasons.into_iter().for_each(|code| *counts.entry(measure(code)).or_default() += 1);
        let (hour, source) = (at.div_euclid(HOUR), source_of(source));
        let count = |(measure, count)| QualityCount { hour, source: source.to_owned(), measure, count };
        counts.into_iter().map(count).collect()
    }

    /// The counts of records that were refused.
    pub fn of_refused<'q>(records: impl IntoIterator<Item = &'q Quarantined>) -> Vec<QualityCount> {
        let mut counts: BTreeMap<(i64, &str, Measure), u64> = BTreeMap::new();
        for record in records {
            let measure = Measure::Rejected(record.rejection.code);
            *counts.entry((record.at.div_euclid(HOUR), source_of(&record.source), measure)).or_default() += 1;
        }
        let counts = counts.into_iter();
        counts
            .map(|((hour, source, measure), count)| QualityCount {
                hour,
                source: source.to_owned(),
                measure,
                count,
            })
            .collect()
    }
}

/// The source without the line of its file.
fn source_of(source: &str) -> &str {
    match source.rsplit_once(':') {
        Some((file, line)) if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) => file,
        _ => source,
    }
}

/// Adds to the counts of an hour.
#[allow(async_fn_in_trait)]
pub trait QualityLog {
    async fn add(&self, counts: &[QualityCount]) -> Result<(), PortError>;
}

/// Reads the counts.
#[allow(async_fn_in_trait)]
pub trait QualitySource {
    /// The counts of the hours `from` to `to`, both included (hours since 1970-01-01), in order.
    async fn between(&self, from: i64, to: i64) -> Result<Vec<QualityCount>, PortError>;
}

/// For where nothing is counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotCounted;

impl QualitySource for NotCounted {
    async fn between(&self, _: i64, _: i64) -> Result<Vec<QualityCount>, PortError> {
        Ok(Vec::new())
    }
}

/// Where there is nothing to read from, nothing was counted.
impl<Q: QualitySource> QualitySource for Option<Q> {
    async fn between(&self, from: i64, to: i64) -> Result<Vec<QualityCount>, PortError> {
        match self {
            Some(source) => source.between(from, to).await,
            None => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rejection;

    #[test]
    fn refused_records_are_counted_by_hour_source_and_reason() {
        let refused = |at, source: &str, code| Quarantined {
            at,
            source: source.into(),
            rejection: Rejection::new(code, "", ""),
            original: Vec::new(),
            came: crate::Came::default(),
        };
        let records = [
            refused(HOUR, "a:b.csv:12", Code::InvalidRow),
            refused(HOUR + 5, "a:b.csv:13", Code::InvalidRow),
            refused(HOUR, "web", Code::InvalidJson),
            refused(-1, "web", Code::InvalidJson),
        ];
        let counts = QualityCount::of_refused(&records);
        let told: Vec<_> =
            counts.iter().map(|c| (c.hour, c.source.as_str(), c.measure.name(), c.count)).collect();
        assert_eq!(
            told,
            [
                (-1, "web", "rejected:invalid_json".into(), 1),
                (1, "a:b.csv", "rejected:invalid_row".into(), 2),
                (1, "web", "rejected:invalid_json".into(), 1),
            ]
        );
        for count in counts {
            assert_eq!(Measure::parse(&count.measure.name()), Some(count.measure));
        }
        assert_eq!(Measure::parse("rejected:of_a_later_release"), None);
    }
}
