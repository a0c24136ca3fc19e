//! Days and printable times, all in UTC.

/// Milliseconds in a second.
pub const SECOND: i64 = 1_000;
/// Milliseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Milliseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// The UTC day of a time in ms: days since 1970-01-01.
pub fn day_of(at_ms: i64) -> i32 {
    at_ms.div_euclid(DAY) as i32
}

/// The first millisecond of a UTC day.
pub fn day_start(day: i32) -> i64 {
    i64::from(day) * DAY
}

/// A UTC day as `2026-11-22`.
pub fn iso_date(day: i32) -> String {
    timestamp(day_start(day)).strftime("%Y-%m-%d").to_string()
}

/// A UTC time in ms as `2026-11-22T10:00:00.250Z`.
pub fn iso_time(at_ms: i64) -> String {
    timestamp(at_ms).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn timestamp(at_ms: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or(if at_ms < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_before_1970_round_down() {
        assert_eq!(day_of(-1), -1);
        assert_eq!(iso_date(-1), "1969-12-31");
        assert_eq!(iso_time(1_795_341_600_250), "2026-11-22T10:00:00.250Z");
    }
}
