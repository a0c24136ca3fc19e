//! `rondo why`: why a person was, or was not, sent a message.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::local_time::show;
use crate::commands::person::{Found, find_person};
use crate::commands::profile::zone_of;
use crate::commands::reasons::outcome;
use crate::installation::Installation;
use anyhow::{Context, Result, bail};
use campaign::{
    Action, Campaign, Cap, DateProperty, EventTrigger, InCampaign, Inactivity, Journey, JourneyStore,
    Journeys, Lane, Ledger, LedgerEntry, ProfileView, Scope, Step, Trigger, local_day,
};
use clap::Args;
use event::{DAY, MINUTE, SECOND};
use jiff::tz::TimeZone;
use person::Profile;
use pollster::block_on;
use std::collections::BTreeSet;
use std::fmt::Write;

/// How far ahead it is looked for what the calendar brings, ms.
const YEAR: i64 = 366 * DAY;

/// How many queued actions are looked through for the person's own.
const QUEUED: usize = 100_000;

#[derive(Debug, Args)]
pub struct WhyArgs {
    /// A user id, anonymous id, e-mail address, phone number, or the 32 digits of a person's key
    id: String,
    /// Only this campaign; says also why nothing happened in it
    campaign: Option<String>,
    #[command(flatten)]
    data: DataFolder,
}

/// Prints where a person stands in every campaign, and what became of every message to them.
pub fn why(args: &WhyArgs) -> Result<()> {
    ask(&args.data.path, &Question::Why { id: args.id.clone(), campaign: args.campaign.clone() })
}

/// The chain of decisions as text. `now` is UTC ms.
pub fn answer(installation: &Installation, id: &str, campaign: Option<&str>, now: i64) -> Result<String> {
    let store = &installation.pump.store;
    let found = find_person(installation, id)?;
    let mut profile = Profile::default();
    profile.decode(&found.stored.blob).context("the person's stored profile is damaged")?;
    let wanted = |name: &str| campaign.is_none_or(|wanted| wanted == name);

    let stored = block_on(JourneyStore::load(store, &[found.person]))?.pop().flatten();
    let journeys = stored.map_or(Ok(Journeys::default()), |stored| Journeys::decode(&stored.blob));
    let journeys = journeys.context("the person's stored journeys are damaged")?;
    let entries: Vec<LedgerEntry> =
        store.ledger_of(found.person)?.into_iter().filter(|entry| wanted(&entry.campaign)).collect();
    if let Some(name) = campaign
        && installation.pump.campaigns.get(name).is_none()
        && entries.is_empty()
    {
        let known: Vec<&str> =
            installation.pump.campaigns.iter().map(|campaign| campaign.name.as_str()).collect();
        bail!("there is no campaign `{name}`; campaigns are: {}", known.join(", "));
    }

    let own = profile.timezone().is_some_and(|name| campaign::time_zone(name).is_some());
    let why =
        Why { installation, found: &found, profile: &profile, zone: zone_of(installation, &profile), now };
    let whose = if own { "their own" } else { "the installation's" };
    let mut out =
        format!("Person {}\n  time zone {} ({whose})", found.person, why.zone.iana_name().unwrap_or("UTC"));
    let under_way = journeys.campaigns().iter().filter(|within| wanted(&within.campaign));
    let under_way = under_way.flat_map(|within| within.active.iter().map(move |journey| (within, journey)));
    let under_way: Vec<String> = under_way.map(|(within, journey)| why.journey(within, journey)).collect();
    let messages = why.messages(&entries, &wanted)?;
    if let (Some(campaign), true, true) = (campaign, under_way.is_empty(), messages.is_empty()) {
        section(&mut out, &format!("Nothing happened in {campaign}"), why.why_not(campaign), "");
    } else {
        section(&mut out, "Journeys under way", under_way, "none");
        section(&mut out, "Messages", messages, "none");
    }
    section(&mut out, "Consent", why.consent(), "never asked");
    section(&mut out, "Messages that count against caps", why.caps(&entries)?, "none");
    section(&mut out, "Open complaints, which pause marketing", why.complaints(), "none");
    Ok(out)
}

struct Why<'a> {
    installation: &'a Installation,
    found: &'a Found,
    profile: &'a Profile<'a>,
    zone: TimeZone,
    now: i64,
}

impl Why<'_> {
    fn at(&self, at: i64) -> String {
        show(at, &self.zone)
    }

    fn campaign(&self, name: &str) -> Option<&Campaign> {
        self.installation.pump.campaigns.get(name)
    }

    fn journey(&self, within: &InCampaign, journey: &Journey) -> String {
        let name = &within.campaign;
        let key = if journey.key.is_empty() { String::new() } else { format!(", key {}", journey.key) };
        let version = self.installation.pump.campaigns.version(name, within.version);
        let due = || {
            let lateness = match self.installation.pump.lateness {
                0 => String::new(),
                ms => format!(", plus {} for events that are late", span(ms)),
            };
            format!("{}{lateness}", self.at(journey.due_at))
        };
        let next = match version.map(|campaign| campaign.steps.get(journey.step as usize)) {
            _ if journey.waiting => "waits behind an earlier journey of the same key".to_owned(),
            None => "the campaign is no longer live: nothing follows".to_owned(),
            Some(Some(Step::Send { name, .. })) => format!("next `{name}`, due {}", due()),
            Some(Some(Step::If { when, .. })) => {
                format!("next it is asked whether `{}`, {}", when.source(), due())
            }
            Some(Some(Step::WaitForEvent(wait))) => {
                let event = version.and_then(|campaign| campaign.awaited.get(wait.awaited));
                format!("waits for `{}` until {}", event.map_or("", |event| &event.event), due())
            }
            Some(_) => "the campaign no longer has the next step: nothing follows".to_owned(),
        };
        format!("{name}{key}: entered {}; {next}", self.at(journey.entered_at))
    }

    /// Decided messages by their time, then those that still wait for a decision.
    fn messages(&self, entries: &[LedgerEntry], wanted: &dyn Fn(&str) -> bool) -> Result<Vec<String>> {
        let mut lines: Vec<String> = entries
            .iter()
            .map(|entry| {
                let channel =
                    if entry.channel.is_empty() { String::new() } else { format!(" by {}", entry.channel) };
                let outcome = outcome(entry, &self.at(entry.due_at));
                format!("{}: {} / {}{channel}: {outcome}", self.at(entry.at), entry.campaign, entry.step)
            })
            .collect();
        for lane in [Lane::Service, Lane::Marketing] {
            let queued = self.installation.pump.store.deliverable(lane, i64::MAX, QUEUED)?;
            let own = |action: &Action| {
                action.person == self.found.person
                    && wanted(&action.campaign)
                    && !entries.iter().any(|entry| entry.action == action.id)
            };
            for action in queued.iter().map(|queued| &queued.action).filter(|action| own(action)) {
                let (due, lane) = (self.at(action.due_at), action.lane.as_str());
                lines.push(format!("due {due}: {} / {}: in the {lane} queue", action.campaign, action.step));
            }
        }
        Ok(lines)
    }

    fn consent(&self) -> Vec<String> {
        let answers =
            self.profile.channels.iter().filter_map(|channel| Some((channel.name, channel.consent?)));
        answers
            .map(|(name, (since, granted))| {
                format!("{name}: {}, since {}", if granted { "yes" } else { "no" }, self.at(since))
            })
            .collect()
    }

    fn caps(&self, entries: &[LedgerEntry]) -> Result<Vec<String>> {
        let campaigns = self.installation.pump.campaigns.iter();
        let of_steps = campaigns.flat_map(Campaign::sends).map(|(_, message)| message.channel.as_str());
        let of_entries =
            entries.iter().map(|entry| entry.channel.as_str()).filter(|channel| !channel.is_empty());
        let channels: BTreeSet<&str> = of_steps.chain(of_entries).collect();
        let day = local_day(&self.zone, self.now);
        let sends = block_on(self.installation.pump.store.sends(self.found.person))?;
        let line = |name: &str, of: &dyn Fn(&str) -> bool| {
            let days = |days: i32| sends.on_days(of, day - (days - 1), day);
            format!("{name}: {} today, {} in seven days", days(1), days(Cap::WEEK_DAYS))
        };
        let mut lines: Vec<String> =
            channels.iter().map(|channel| line(channel, &|of| of == *channel)).collect();
        if lines.len() > 1 {
            lines.push(line("all channels", &|_| true));
        }
        Ok(lines)
    }

    fn complaints(&self) -> Vec<String> {
        let open = self.profile.cases.iter().filter(|case| case.kind == "complaint" && case.is_open());
        open.map(|case| format!("{}, since {}", case.id, case.opened.map_or("?".into(), |at| self.at(at))))
            .collect()
    }

    /// What kept the person out of a campaign, as far as it shows.
    fn why_not(&self, name: &str) -> Vec<String> {
        let Some(campaign) = self.campaign(name) else { return vec!["it is no longer live".into()] };
        let entry = &campaign.entry;
        let mut lines = Vec::new();
        match &entry.trigger {
            Trigger::Event(event) => lines.extend(self.doors(campaign, event)),
            Trigger::Segment(segment) => {
                let now = if segment.when.matches_profile(self.profile, self.now) {
                    "holds"
                } else {
                    "does not hold"
                };
                lines.push(format!(
                    "who comes to fulfil `{}` enters; it {now} for the person now",
                    segment.when.source()
                ));
            }
            Trigger::Schedule(schedule) => {
                let (cron, zone) =
                    (schedule.cron(), schedule.zone().unwrap_or("each person's own time zone"));
                let next = schedule.between(&self.zone, self.now, self.now + YEAR);
                let next = next.first().map_or("not within a year".into(), |at| self.at(*at));
                lines.push(format!("it begins by the schedule `{cron}` in {zone}, next {next}"));
            }
            Trigger::Date(date) => lines.push(self.by_date(date)),
            Trigger::Inactive(silence) => lines.push(self.by_silence(silence)),
        }
        if let Some(audience) =
            campaign.audience.as_ref().filter(|one| !one.matches_profile(self.profile, self.now))
        {
            lines.push(format!("the audience does not hold the person now: `{}`", audience.source()));
        }
        if campaign.limits.holdout.holds(&campaign.name, self.found.person) {
            lines.push("the person is in the campaign's holdout, and would not be sent its messages".into());
        }
        lines
    }

    /// What the profile says of the date that lets in.
    fn by_date(&self, date: &DateProperty) -> String {
        let source = date.date.of.source();
        let view = ProfileView::new(self.profile, self.now).in_zone(self.zone.clone());
        let Some(day) = date.date.date(&Scope::new(None, &view, ""), &self.zone) else {
            return format!("it begins by the date in `{source}`, and the profile holds none there");
        };
        let next = date.between(&view, self.now, self.now + YEAR);
        match next.first() {
            Some(at) => format!("it begins by the date in `{source}`, which is {day}: next {}", self.at(*at)),
            None => {
                format!("it begins by the date in `{source}`, which is {day}: not within a year from now")
            }
        }
    }

    /// How long nothing was heard of the person.
    fn by_silence(&self, silence: &Inactivity) -> String {
        let events = match &silence.events[..] {
            [] => "no event of the person".to_owned(),
            events => format!("none of `{}`", events.join("`, `")),
        };
        let lasts = span(silence.lasts);
        let view = ProfileView::new(self.profile, self.now).in_zone(self.zone.clone());
        match view.last_heard(&silence.events).zip(silence.due(&view)) {
            None => format!("it begins when {events} was seen for {lasts}, and there never was one"),
            Some((last, due)) => format!(
                "it begins when {events} was seen for {lasts}; the last was {}, so that it would begin {}",
                self.at(last),
                self.at(due)
            ),
        }
    }

    /// What the person did that could have let them in, or out.
    fn doors(&self, campaign: &Campaign, entry: &EventTrigger) -> Vec<String> {
        let Some(counter) = self.profile.counter(&entry.event) else {
            return vec![format!("no `{}` of the person was seen, which is what lets in", entry.event)];
        };
        let (total, last) = (counter.total, self.at(counter.last));
        let mut doors = vec![format!("not older than {} when it came", span(campaign.entry.max_age))];
        doors.extend(entry.when.as_ref().map(|when| format!("`{}`", when.source())));
        doors.extend(entry.key.as_ref().map(|key| format!("a key from `{}`", key.source())));
        let seen = format!(
            "`{}` was seen {total} times, last {last}; it lets in if {}",
            entry.event,
            doors.join(", ")
        );
        let exits = campaign.exit_on.iter().filter_map(|exit| {
            let last = self.at(self.profile.counter(&exit.event)?.last);
            Some(format!("`{}`, which ends a journey, was last seen {last}", exit.event))
        });
        [seen].into_iter().chain(exits).collect()
    }
}

fn section(out: &mut String, heading: &str, lines: Vec<String>, none: &str) {
    if lines.is_empty() {
        _ = write!(out, "\n{heading}: {none}");
        return;
    }
    _ = write!(out, "\n{heading}");
    for line in lines {
        _ = write!(out, "\n  {line}");
    }
}

/// A time span as campaign files write it: `3d`, `1h 30m`.
fn span(ms: i64) -> String {
    const UNITS: [(i64, &str); 4] =
        [(24 * 60 * MINUTE, "d"), (60 * MINUTE, "h"), (MINUTE, "m"), (SECOND, "s")];
    let mut rest = ms;
    let mut parts = Vec::new();
    for (unit, letter) in UNITS {
        if rest >= unit {
            parts.push(format!("{}{letter}", rest / unit));
            rest %= unit;
        }
    }
    if parts.is_empty() { "0s".into() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::span;
    use event::{HOUR, MINUTE};

    #[test]
    fn spans_read_as_they_are_written() {
        for (ms, text) in [(72 * HOUR, "3d"), (90 * MINUTE, "1h 30m"), (0, "0s"), (60_000, "1m")] {
            assert_eq!(span(ms), text);
        }
    }
}
