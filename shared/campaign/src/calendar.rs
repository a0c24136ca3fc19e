//! Waits by the person's calendar: until a time of day, until a date of the profile.

use crate::condition::Condition;
use crate::scope::Scope;
use event::{DAY, parse_time};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

/// A time of the day, on all days of the week or some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTime {
    pub time: Time,
    /// Every day where it is empty.
    pub days: Vec<Weekday>,
}

impl LocalTime {
    /// When a clock in the zone next shows it, at `at` (UTC ms) or after. Where the clock skips it, the moment it
    /// jumps; where the clock shows it twice, the first.
    pub fn next(&self, zone: &TimeZone, at: i64) -> i64 {
        let Ok(now) = Timestamp::from_millisecond(at) else { return at };
        let today = now.to_zoned(zone.clone()).date();
        // The clock's jumps may bring today's time before `at`, and a week holds each weekday.
        for days in 0..=8 {
            let Ok(date) = today.checked_add(jiff::Span::new().days(days)) else { break };
            if !self.days.is_empty() && !self.days.contains(&date.weekday()) {
                continue;
            }
            if let Some(ms) = moment(zone, date.to_datetime(self.time))
                && ms >= at
            {
                return ms;
            }
        }
        at
    }
}

/// A date that the profile holds, shifted, at a time of the day.
#[derive(Debug)]
pub struct ProfileDate {
    /// Yields a date, as text (`1990-05-17`, `2026-05-17T10:00:00Z`) or as UTC ms.
    pub of: Condition,
    /// Added to it, ms: whole days are the person's calendar days.
    pub offset: i64,
    pub at: Time,
}

impl ProfileDate {
    /// When it is, UTC ms; `None` where the profile holds no such date.
    pub fn moment(&self, scope: &Scope<'_>, zone: &TimeZone) -> Option<i64> {
        self.moment_on(self.date(scope, zone)?, zone)
    }

    /// The date that the profile holds, on the person's calendar.
    pub fn date(&self, scope: &Scope<'_>, zone: &TimeZone) -> Option<Date> {
        let text = self.of.texts(scope).into_iter().next()?;
        date_of(&text, zone)
    }

    /// When the shifted date is, where the date itself is `date`.
    pub fn moment_on(&self, date: Date, zone: &TimeZone) -> Option<i64> {
        let (days, rest) = (self.offset.div_euclid(DAY), self.offset.rem_euclid(DAY));
        let date = date.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
        Some(moment(zone, date.to_datetime(self.at))? + rest)
    }
}

/// A calendar date from a text: a date alone is that date wherever the person is; a time is the day it falls on in
/// their zone; a whole number is UTC ms.
pub fn date_of(text: &str, zone: &TimeZone) -> Option<Date> {
    let text = text.trim();
    if let Ok(date) = text.parse::<Date>()
        && text.len() <= 10
    {
        return Some(date);
    }
    let ms = text.parse::<i64>().ok().or_else(|| parse_time(text))?;
    Some(Timestamp::from_millisecond(ms).ok()?.to_zoned(zone.clone()).date())
}

/// When a clock in the zone shows a time of a date, UTC ms. Where it skips it, the moment of the jump; where it
/// shows it twice, the first.
pub(crate) fn moment(zone: &TimeZone, civil: DateTime) -> Option<i64> {
    use jiff::tz::AmbiguousOffset;
    let at = match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok()?,
        AmbiguousOffset::Gap { after, .. } => {
            zone.following(after.to_timestamp(civil).ok()?).next()?.timestamp()
        }
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok()?,
    };
    Some(at.as_millisecond())
}
