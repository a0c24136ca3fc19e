//! Times for people to read.

use event::iso_time;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time (UTC ms) on the clock of a zone, with UTC beside it: `2026-11-22 11:00 Europe/Berlin (10:00 UTC)`.
pub fn show(at: i64, zone: &TimeZone) -> String {
    let Ok(timestamp) = Timestamp::from_millisecond(at) else { return iso_time(at) };
    let utc = timestamp.to_zoned(TimeZone::UTC);
    let local = timestamp.to_zoned(zone.clone());
    let name = zone.iana_name().unwrap_or("local time");
    if local.offset() == utc.offset() {
        return utc.strftime("%Y-%m-%d %H:%M UTC").to_string();
    }
    let same_day = local.date() == utc.date();
    let utc = utc.strftime(if same_day { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" });
    format!("{} {name} ({utc})", local.strftime("%Y-%m-%d %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_and_utc() {
        let at = 1_795_341_600_250; // 2026-11-22T10:00:00.250Z
        let zone = |name: &str| campaign::time_zone(name).unwrap();
        assert_eq!(show(at, &TimeZone::UTC), "2026-11-22 10:00 UTC");
        assert_eq!(show(at, &zone("Europe/Berlin")), "2026-11-22 11:00 Europe/Berlin (10:00 UTC)");
        assert_eq!(
            show(at + 8 * event::HOUR, &zone("Asia/Shanghai")),
            "2026-11-23 02:00 Asia/Shanghai (2026-11-22 18:00 UTC)"
        );
    }
}
