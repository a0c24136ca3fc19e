//! Times as a source writes them.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// How a column's texts are times.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// strftime; without it ISO 8601, or a number.
    pub format: Option<String>,
    /// Of times without an offset.
    pub zone: TimeZone,
    pub unit: Option<Unit>,
}

/// What an epoch number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
}

impl Unit {
    pub fn parse(text: &str) -> Option<Unit> {
        Some(match text {
            "s" | "seconds" => Unit::Seconds,
            "ms" | "milliseconds" => Unit::Milliseconds,
            "us" | "microseconds" => Unit::Microseconds,
            _ => return None,
        })
    }
}

impl Clock {
    /// UTC ms; nothing where the text is no time of this clock.
    pub fn read(&self, text: &str) -> Option<i64> {
        if let Some(unit) = self.unit {
            let number = text.parse::<f64>().ok().filter(|number| number.abs() < 1e18)?;
            return Some(match unit {
                Unit::Seconds => (number * 1_000.0).round() as i64,
                Unit::Milliseconds => number.round() as i64,
                Unit::Microseconds => (number / 1_000.0).round() as i64,
            });
        }
        let Some(format) = &self.format else { return self.read_iso(text) };
        let parts = strtime::parse(format, text).ok()?;
        if let Ok(at) = parts.to_timestamp() {
            return Some(at.as_millisecond());
        }
        let civil = parts.to_date().ok()?.to_datetime(parts.to_time().unwrap_or(Time::midnight()));
        self.local(civil)
    }

    fn read_iso(&self, text: &str) -> Option<i64> {
        if self.zone == TimeZone::UTC || text.parse::<jiff::Timestamp>().is_ok() {
            return crate::parse_time(text);
        }
        if let Ok(civil) = text.parse::<DateTime>() {
            return self.local(civil);
        }
        match text.parse::<Date>() {
            Ok(date) => self.local(date.to_datetime(Time::midnight())),
            Err(_) => crate::parse_time(text),
        }
    }

    fn local(&self, civil: DateTime) -> Option<i64> {
        Some(civil.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond())
    }
}
