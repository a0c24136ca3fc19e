//! Months and weeks of UTC days.

use event::{day_of, iso_date};
use jiff::civil::Date;

/// What a cohort or a bar of a chart spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Day,
    Week,
    Month,
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
        }
    }

    /// The number of the unit that a day (days since 1970-01-01) lies in; consecutive.
    pub fn of(self, day: i32) -> i32 {
        match self {
            Unit::Day => day,
            // 1970-01-01 was a Thursday: three days after a Monday.
            Unit::Week => (day + 3).div_euclid(7),
            Unit::Month => {
                let date = date(day);
                i32::from(date.year()) * 12 + i32::from(date.month()) - 1
            }
        }
    }

    pub fn of_time(self, at_ms: i64) -> i32 {
        self.of(day_of(at_ms))
    }

    /// How the unit of that number is written: `2026-11-22`, or `2026-11` for a month.
    pub fn label(self, number: i32) -> String {
        match self {
            Unit::Day => iso_date(number),
            Unit::Week => iso_date(number * 7 - 3),
            Unit::Month => format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1),
        }
    }

    /// The same, short, for an axis: `22 Nov`, or `Nov 2026` for a month.
    pub fn tick(self, number: i32) -> String {
        match self {
            Unit::Day => date(number).strftime("%-d %b").to_string(),
            Unit::Week => date(number * 7 - 3).strftime("%-d %b").to_string(),
            Unit::Month => {
                let day = Date::new(number.div_euclid(12) as i16, number.rem_euclid(12) as i8 + 1, 1);
                day.map_or_else(|_| self.label(number), |day| day.strftime("%b %Y").to_string())
            }
        }
    }
}

/// The UTC day (days since 1970-01-01) written as `2026-11-22`.
pub(crate) fn parse_day(text: &str) -> Option<i32> {
    let date: Date = text.parse().ok()?;
    Some(day_of(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

fn date(day: i32) -> Date {
    let ms = event::day_start(day);
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date())
        .unwrap_or(if day < 0 { Date::MIN } else { Date::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_a_sunday() {
        // 2026-11-22 is a Sunday; its week began on Monday the 16th.
        let day = 20_779;
        assert_eq!(parse_day("2026-11-22"), Some(day));
        assert_eq!(parse_day("22.11.2026"), None);
        assert_eq!(Unit::Week.label(Unit::Week.of(day)), "2026-11-16");
        assert_eq!(Unit::Week.of(day + 1), Unit::Week.of(day) + 1);
        assert_eq!(Unit::Month.label(Unit::Month.of(day)), "2026-11");
        assert_eq!(Unit::Month.label(Unit::Month.of(-1)), "1969-12");
        assert_eq!(Unit::Day.tick(day), "22 Nov");
        assert_eq!(Unit::Week.tick(Unit::Week.of(day)), "16 Nov");
        assert_eq!(Unit::Month.tick(Unit::Month.of(day)), "Nov 2026");
    }
}
