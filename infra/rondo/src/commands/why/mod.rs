//! `rondo why`: why a person was, or was not, sent a message.

mod entry;
mod journeys;
mod standing;

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::local_time::show;
use crate::commands::person::{Found, find_person};
use crate::commands::profile::zone_of;
use crate::installation::Installation;
use anyhow::{Context, Result, bail};
use campaign::{Campaign, JourneyStore, Journeys, LedgerEntry};
use clap::Args;
use event::{MINUTE, SECOND};
use jiff::tz::TimeZone;
use person::Profile;
use pollster::block_on;
use std::fmt::Write;

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
    section(&mut out, "Not let in again for now", why.closed(&journeys, &wanted), "nowhere");
    section(&mut out, "Held out of, so that its effect can be measured", why.holdouts(&wanted), "nothing");
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
