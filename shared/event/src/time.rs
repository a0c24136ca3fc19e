//! Times as sources write them.

use crate::calendar::{DAY, HOUR, MINUTE, SECOND};

/// How far after its receipt an event may claim to have happened before its clock is called wrong.
pub const MAX_FUTURE_MS: i64 = DAY;

/// A time as text, in UTC ms: ISO 8601 with any offset (UTC where it has none; a date alone is its
/// midnight), or a number as [`epoch`] reads it.
pub fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(ms) = parse_utc(text.as_bytes()) {
        return Some(ms);
    }
    if let Ok(number) = text.parse::<f64>() {
        return epoch(number);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let local = text.parse::<jiff::civil::DateTime>().ok()?;
    Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// An epoch number in UTC ms. Its unit is told by its size: seconds below 1e11 (the year 5138),
/// milliseconds below 1e14, else microseconds. `None` for what is not finite, or beyond 1e17.
pub(crate) fn epoch(number: f64) -> Option<i64> {
    let size = number.abs();
    let ms = match size {
        _ if !(1e6..1e17).contains(&size) => return None,
        _ if size < 1e11 => number * 1_000.0,
        _ if size < 1e14 => number,
        _ => number / 1_000.0,
    };
    Some(ms.round() as i64)
}

/// The form nearly every SDK sends, `2026-11-22T10:00:00.250Z`, with three digits of fraction or none.
fn parse_utc(text: &[u8]) -> Option<i64> {
    let (fraction, shape) = match text.len() {
        24 => (number(&text[20..23])?, text[19] == b'.' && text[23] == b'Z'),
        20 => (0, text[19] == b'Z'),
        _ => return None,
    };
    if !shape
        || text[4] != b'-'
        || text[7] != b'-'
        || text[10] != b'T'
        || text[13] != b':'
        || text[16] != b':'
    {
        return None;
    }
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let (hour, minute, second) = (number(&text[11..13])?, number(&text[14..16])?, number(&text[17..19])?);
    if hour > 23 || minute > 59 || second > 59 || day == 0 || day > days_in_month(year, month)? {
        return None;
    }
    Some(days_from_civil(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second * SECOND + fraction)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
}

fn days_in_month(year: i64, month: i64) -> Option<i64> {
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => return None,
    })
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms", days_from_civil).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_the_same_moment() {
        let at = 1_795_341_600_250;
        for text in [
            "2026-11-22T10:00:00.250Z",
            "2026-11-22T18:00:00.25+08:00",
            "2026-11-22T02:00:00.250-0800",
            "2026-11-22 10:00:00.250",
            "1795341600.25",
            "1795341600250",
            "1795341600250000",
            " 2026-11-22T10:00:00.250000Z ",
        ] {
            assert_eq!(parse_time(text), Some(at), "{text}");
        }
        assert_eq!(parse_time("2026-11-22"), Some(1_795_305_600_000));
        assert_eq!(parse_time("2026-11-22T10:00:00Z"), Some(1_795_341_600_000));
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in ["", "soon", "2026-02-30T10:00:00.000Z", "2026-13-01T10:00:00Z", "12", "NaN", "inf", "-1"]
        {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn fast_path_agrees_with_jiff(ms in -62_135_596_800_000i64..253_402_300_799_999) {
            let text = crate::iso_time(ms);
            proptest::prop_assert_eq!(parse_utc(text.as_bytes()), Some(ms));
        }
    }
}
