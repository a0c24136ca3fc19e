//! Entries that no event of the person begins: the calendar, a date of the profile, a silence.

use crate::calendar::{ProfileDate, moment};
use crate::scope::{ProfileView, Scope};
use crate::time_zone;
use cronexpr::{Crontab, MakeTimestamp, parse_crontab};
use event::{DAY, SECOND};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// Times by a cron expression of five fields: minute, hour, day of the month, month, day of the week.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: String,
    /// In the zone of [`Schedule::zone`]; in UTC where that is the person's.
    parsed: Crontab,
    /// An IANA name; `None` for each person's own.
    zone: Option<String>,
}

/// A date that the profile holds: a birthday, the end of a warranty.
#[derive(Debug)]
pub struct DateProperty {
    pub date: ProfileDate,
    /// Its anniversaries rather than itself; on 28 February for who was born on the 29th, in years without one.
    pub yearly: bool,
}

/// A silence of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inactivity {
    /// How long it has lasted, ms.
    pub lasts: i64,
    /// The events that end it; any event of the person where there are none.
    pub events: Vec<String>,
    /// The time of the day to which what falls due is moved, if not at any.
    pub at: Option<Time>,
}

impl Schedule {
    /// Of a cron expression, in a time zone (an IANA name), or in each person's own where there is none.
    ///
    /// # Errors
    /// What is wrong with the expression or the zone, and how to write it.
    pub fn new(cron: &str, zone: Option<&str>) -> Result<Schedule, String> {
        if let Some(zone) = zone.filter(|zone| time_zone(zone).is_none()) {
            return Err(format!("`{zone}` is no time zone; write one like Asia/Shanghai"));
        }
        let parsed = parse(cron, zone.unwrap_or("UTC"))?;
        Ok(Schedule { cron: cron.trim().to_owned(), parsed, zone: zone.map(str::to_owned) })
    }

    pub fn cron(&self) -> &str {
        &self.cron
    }

    /// The zone that the expression is read in; `None` for each person's own.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// The first time after `after`, UTC ms, where the zone is not the person's.
    pub fn next(&self, after: i64) -> Option<i64> {
        self.zone.as_ref()?;
        next(&self.parsed, after)
    }

    /// Its times from `from` on and before `until` (UTC ms), in the zone of the schedule, else in that of the
    /// person.
    pub fn between(&self, person: &TimeZone, from: i64, until: i64) -> Vec<i64> {
        let own = match (&self.zone, person.iana_name()) {
            (None, Some(name)) => parse(&self.cron, name).ok(),
            _ => None,
        };
        let crontab = own.as_ref().unwrap_or(&self.parsed);
        let mut times = Vec::new();
        let mut at = from.saturating_sub(SECOND);
        while let Some(time) = next(crontab, at)
            && time < until
        {
            if time >= from {
                times.push(time);
            }
            at = time;
        }
        times
    }
}

fn parse(cron: &str, zone: &str) -> Result<Crontab, String> {
    let fields = cron.split_whitespace().count();
    if fields != 5 {
        return Err(format!(
            "`{}` has {fields} fields; a schedule has five: minute, hour, day of the month, month, day of the week, \
             like \"30 9 * * MON\"; the zone stands in time_zone",
            cron.trim()
        ));
    }
    parse_crontab(&format!("{} {zone}", cron.trim())).map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        format!("`{}` is no schedule ({reason}); write one like \"30 9 * * MON\"", cron.trim())
    })
}

fn next(crontab: &Crontab, after: i64) -> Option<i64> {
    let after = MakeTimestamp(Timestamp::from_millisecond(after).ok()?);
    Some(crontab.find_next(after).ok()?.timestamp().as_millisecond())
}

impl DateProperty {
    /// When a person enters, from `from` on and before `until`, UTC ms.
    pub fn between(&self, profile: &ProfileView<'_>, from: i64, until: i64) -> Vec<i64> {
        let zone = profile.zone();
        let Some(date) = self.date.date(&Scope::new(None, profile, ""), &zone) else { return Vec::new() };
        if !self.yearly {
            return self
                .date
                .moment_on(date, &zone)
                .into_iter()
                .filter(|at| (from..until).contains(at))
                .collect();
        }
        let year =
            |at: i64| Timestamp::from_millisecond(at).map_or(1970, |at| at.to_zoned(zone.clone()).year());
        // An offset may carry an anniversary over the turn of a year, or of several.
        let shift = (self.date.offset / (365 * DAY)) as i16;
        let years = (year(from) - 1 - shift)..=(year(until) + 1 - shift);
        years
            .filter(|year| *year > date.year())
            .filter_map(|year| {
                let day = date.day();
                let anniversary =
                    Date::new(year, date.month(), day).or_else(|_| Date::new(year, date.month(), day - 1));
                self.date.moment_on(anniversary.ok()?, &zone)
            })
            .filter(|at| (from..until).contains(at))
            .collect()
    }
}

impl Inactivity {
    /// When a person enters, from `from` on and before `until`, UTC ms: once for a silence.
    pub fn between(&self, profile: &ProfileView<'_>, from: i64, until: i64) -> Option<i64> {
        self.due(profile).filter(|at| (from..until).contains(at))
    }

    /// When the silence that the person keeps now has lasted long enough, UTC ms; `None` where nothing was ever
    /// heard of them.
    pub fn due(&self, profile: &ProfileView<'_>) -> Option<i64> {
        let since = profile.last_heard(&self.events)?.saturating_add(self.lasts);
        let Some(time) = self.at else { return Some(since) };
        let zone = profile.zone();
        let today = Timestamp::from_millisecond(since).ok()?.to_zoned(zone.clone()).date();
        (0..=2).find_map(|days| {
            let date = today.checked_add(jiff::Span::new().days(days)).ok()?;
            moment(&zone, date.to_datetime(time)).filter(|at| *at >= since)
        })
    }
}
