//! What a campaign file says of entry.

use super::values::{Conditions, at, clock, duration, event_name, shift};
use crate::calendar::ProfileDate;
use crate::entry::{Entry, EventTrigger, Existing, Reentry, SegmentTrigger, Trigger};
use crate::file_error::FileError;
use crate::schedule::{DateProperty, Inactivity, Schedule};
use event::DAY;
use jiff::civil::Time;
use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryFile {
    event: Option<Spanned<String>>,
    when: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    segment: Option<Spanned<String>>,
    existing: Option<Spanned<Existing>>,
    schedule: Option<ScheduleFile>,
    date: Option<DateFile>,
    inactive: Option<InactiveFile>,
    keep: Option<Spanned<Vec<String>>>,
    max_age: Option<Spanned<String>>,
    #[serde(default)]
    reentry: Reentry,
    again_after: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleFile {
    cron: Spanned<String>,
    time_zone: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DateFile {
    of: Spanned<String>,
    #[serde(default)]
    every: Every,
    offset: Option<Spanned<String>>,
    at: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Every {
    #[default]
    Once,
    Year,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InactiveFile {
    #[serde(rename = "for")]
    lasts: Spanned<String>,
    #[serde(default)]
    events: Vec<Spanned<String>>,
    at: Option<Spanned<String>>,
}

/// The zone of a schedule that goes by each person's clock.
const PERSON: &str = "person";

/// When what the calendar brings is sent, if the file names no time.
const MORNING: Time = Time::constant(9, 0, 0, 0);

impl EntryFile {
    pub fn read(&self, conditions: &Conditions<'_>) -> Result<Entry, FileError> {
        let trigger = self.trigger(conditions)?;
        let only_event = |given: Option<&Spanned<String>>, what: &str| match given {
            Some(given) if !matches!(trigger, Trigger::Event(_)) => {
                Err(at(given, &format!("`{what}` is for an entry by event; drop it")))
            }
            _ => Ok(()),
        };
        only_event(self.when.as_ref(), "when")?;
        only_event(self.key.as_ref(), "key")?;
        if let (Some(keep), false) = (&self.keep, matches!(trigger, Trigger::Event(_))) {
            return Err(at(keep, "`keep` is for an entry by event, whose properties it names; drop it"));
        }
        if let (Some(existing), false) = (&self.existing, matches!(trigger, Trigger::Segment(_))) {
            return Err(at(existing, "`existing` is for an entry by segment; drop it"));
        }
        let again_after = self.again_after.as_ref().map(|span| match span.value.trim() {
            "never" => Ok(Entry::NEVER),
            _ => duration(span),
        });
        Ok(Entry {
            trigger,
            keep: self.keep.as_ref().map(|keep| keep.value.clone()).unwrap_or_default(),
            max_age: self.max_age.as_ref().map(duration).transpose()?.unwrap_or(7 * DAY),
            reentry: self.reentry,
            again_after: again_after.transpose()?,
        })
    }

    fn trigger(&self, conditions: &Conditions<'_>) -> Result<Trigger, FileError> {
        let places = [
            self.event.as_ref(),
            self.segment.as_ref(),
            self.schedule.as_ref().map(|schedule| &schedule.cron),
            self.date.as_ref().map(|date| &date.of),
            self.inactive.as_ref().map(|inactive| &inactive.lasts),
        ];
        if let Some(second) = places.iter().flatten().nth(1) {
            let message =
                "an entry has one of event, segment, schedule, date and inactive; make two campaigns of two";
            return Err(at(second, message));
        }
        if let Some(event) = &self.event {
            return Ok(Trigger::Event(Box::new(EventTrigger {
                event: event_name(event)?,
                when: conditions.read_optional(&self.when)?,
                key: conditions.read_optional(&self.key)?,
            })));
        }
        if let Some(segment) = &self.segment {
            let existing = self.existing.as_ref().map(|existing| existing.value).unwrap_or_default();
            return Ok(Trigger::Segment(SegmentTrigger { when: conditions.read(segment)?, existing }));
        }
        if let Some(file) = &self.schedule {
            let zone = file.time_zone.value.trim();
            let schedule = Schedule::new(&file.cron.value, (zone != PERSON).then_some(zone));
            let place = if schedule.is_err() && crate::time_zone(zone).is_none() && zone != PERSON {
                &file.time_zone
            } else {
                &file.cron
            };
            return schedule.map(Trigger::Schedule).map_err(|message| at(place, &message));
        }
        if let Some(date) = &self.date {
            return Ok(Trigger::Date(DateProperty {
                date: ProfileDate {
                    of: conditions.read(&date.of)?,
                    offset: date.offset.as_ref().map(shift).transpose()?.unwrap_or_default(),
                    at: date.at.as_ref().map(clock).transpose()?.unwrap_or(MORNING),
                },
                yearly: date.every == Every::Year,
            }));
        }
        if let Some(inactive) = &self.inactive {
            return Ok(Trigger::Inactive(Inactivity {
                lasts: duration(&inactive.lasts)?,
                events: inactive.events.iter().map(event_name).collect::<Result<_, _>>()?,
                at: inactive.at.as_ref().map(clock).transpose()?,
            }));
        }
        Err(conditions.missing("entry", "an entry needs one of event, segment, schedule, date and inactive"))
    }
}
