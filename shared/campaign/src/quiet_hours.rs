//! Hours in which a person is left alone, and the calendar they are reckoned in.

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};
use serde::Deserialize;
use std::sync::LazyLock;

/// A daily window on the person's own clock, `from` inside and `to` outside; it may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "QuietHoursFile")]
pub struct QuietHours {
    from: Time,
    to: Time,
    /// What becomes of a message that is due in the window.
    pub otherwise: Otherwise,
}

/// What becomes of a message in quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// It waits for the end of the window and is decided on anew.
    #[default]
    Hold,
    /// It is refused.
    Drop,
}

impl QuietHours {
    /// The longest window in minutes. A day that gains an hour is still left with time to send in.
    pub const MAX_MINUTES: i64 = 22 * 60;

    /// A window of at most [`QuietHours::MAX_MINUTES`], or what is wrong with it.
    pub fn new(from: Time, to: Time, otherwise: Otherwise) -> Result<QuietHours, String> {
        let minutes = |time: Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
        let length = (minutes(to) - minutes(from)).rem_euclid(24 * 60);
        if length == 0 || length > Self::MAX_MINUTES {
            return Err(format!(
                "quiet hours from {from} to {to}: give a window of 1 minute to {} hours",
                Self::MAX_MINUTES / 60
            ));
        }
        Ok(QuietHours { from, to, otherwise })
    }

    /// Whether the local clock stands inside the window.
    pub fn contains(&self, local: Time) -> bool {
        if self.from < self.to {
            self.from <= local && local < self.to
        } else {
            local >= self.from || local < self.to
        }
    }

    /// When the window that holds `now` (UTC ms) ends in that zone: the first instant at which the local
    /// clock stands outside. `None` where `now` is outside.
    pub fn end(&self, zone: &TimeZone, now: i64) -> Option<i64> {
        let mut local = local(zone, now);
        if !self.contains(local.time()) {
            return None;
        }
        // A clock that skips a whole day lands inside the next window; no zone did so twice in a row.
        for _ in 0..3 {
            local = self.next_end(zone, &local)?;
            if !self.contains(local.time()) {
                break;
            }
        }
        Some(local.timestamp().as_millisecond())
    }

    fn next_end(&self, zone: &TimeZone, local: &Zoned) -> Option<Zoned> {
        let date = if local.time() < self.to { local.date() } else { local.date().tomorrow().ok()? };
        let civil = date.to_datetime(self.to);
        let end = match zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok()?,
            // The clock jumps over the end: the window ends with the jump.
            AmbiguousOffset::Gap { after, .. } => {
                zone.following(after.to_timestamp(civil).ok()?).next()?.timestamp()
            }
            // The clock shows the end twice: it is over the first time, unless that has passed already.
            AmbiguousOffset::Fold { before, after } => {
                let first = before.to_timestamp(civil).ok()?;
                if first > local.timestamp() { first } else { after.to_timestamp(civil).ok()? }
            }
        };
        Some(end.to_zoned(zone.clone()))
    }
}

/// The time zone of an IANA name (`Asia/Shanghai`), from the database that is compiled in, so that every
/// machine decides alike. `None` for a name that is none.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    ZONES.get(name).ok()
}

/// The calendar day that a UTC time in ms falls on in a zone: days since 1970-01-01.
pub fn local_day(zone: &TimeZone, at: i64) -> i32 {
    const EPOCH: Date = Date::constant(1970, 1, 1);
    EPOCH.until(local(zone, at).date()).map_or(0, |span| span.get_days())
}

fn local(zone: &TimeZone, at: i64) -> Zoned {
    let bound = if at < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at).unwrap_or(bound).to_zoned(zone.clone())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietHoursFile {
    from: String,
    to: String,
    #[serde(default)]
    otherwise: Otherwise,
}

impl TryFrom<QuietHoursFile> for QuietHours {
    type Error = String;

    fn try_from(file: QuietHoursFile) -> Result<Self, String> {
        QuietHours::new(clock_time(&file.from)?, clock_time(&file.to)?, file.otherwise)
    }
}

/// A clock time `21:00`.
/// A time of the day, `21:00`.
pub(crate) fn clock_time(text: &str) -> Result<Time, String> {
    let parsed = text.split_once(':').and_then(|(hour, minute)| {
        let two = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
        Time::new(two(hour)?, two(minute)?, 0, 0).ok()
    });
    parsed.ok_or_else(|| format!("`{text}` is no clock time: write hours and minutes as \"21:00\""))
}
