//! `rondo profile`: what is known of a person.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::local_time::show;
use crate::commands::person::{Found, find_person};
use crate::installation::Installation;
use anyhow::{Context, Result};
use clap::Args;
use event::{Currency, IdentifierKind, SECOND};
use jiff::tz::TimeZone;
use person::Profile;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// How many of a long list are shown.
const SHOWN: usize = 8;

#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// A user id, anonymous id, e-mail address, phone number, or the 32 digits of a person's key
    id: String,
    /// Print one JSON object; times are UTC ms, money is in minor units
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Prints the profile of one person.
pub fn profile(args: &ProfileArgs) -> Result<()> {
    ask(&args.data.path, &Question::Profile { id: args.id.clone(), json: args.json })
}

/// The profile as text or JSON. `now` is UTC ms.
pub fn answer(installation: &Installation, id: &str, json: bool, now: i64) -> Result<String> {
    let found = find_person(installation, id)?;
    let mut profile = Profile::default();
    profile.decode(&found.stored.blob).context("the person's stored profile is damaged")?;
    Ok(if json {
        as_json(&found, &profile, now)
    } else {
        as_text(&found, &profile, zone_of(installation, &profile), now)
    })
}

/// The person's own time zone, else the installation's.
pub fn zone_of(installation: &Installation, profile: &Profile<'_>) -> TimeZone {
    profile.timezone().and_then(campaign::time_zone).unwrap_or_else(|| installation.delivery.zone.clone())
}

fn as_json(found: &Found, profile: &Profile<'_>, now: i64) -> String {
    let mut all = Map::new();
    all.insert("person".into(), json!(found.person.to_string()));
    all.insert("version".into(), json!(found.stored.version));
    all.insert("bytes".into(), json!(found.stored.blob.len()));
    if let Some(merged) = found.merged_from {
        all.insert("merged_from".into(), json!(merged.to_string()));
    }
    if let Value::Object(fields) = profile.to_json(now) {
        all.extend(fields);
    }
    serde_json::to_string_pretty(&Value::Object(all)).unwrap_or_default()
}

/// Lines under headings; what is not known has no line.
fn as_text(found: &Found, profile: &Profile<'_>, zone: TimeZone, now: i64) -> String {
    let at = |at: i64| show(at, &zone);
    let mut out = format!("Person {}", found.person);
    if let Some(kind) = found.kind {
        _ = write!(out, ", found by {}", kind.as_str());
    }
    if let Some(merged) = found.merged_from {
        _ = write!(out, " (was {merged} until the two were joined)");
    }
    _ = write!(
        out,
        "\n  {} events, first {}, last {}",
        profile.events,
        at(profile.first_seen),
        at(profile.last_seen)
    );
    _ = write!(out, "\n  version {}, {} bytes", found.stored.version, found.stored.blob.len());

    let kinds = IdentifierKind::all().filter_map(|kind| {
        let count = profile.identifiers.iter().filter(|identifier| identifier.kind == kind).count();
        (count > 0).then(|| format!("{count} {}", kind.as_str()))
    });
    section(&mut out, "Identifiers (as hashes)", [kinds.collect::<Vec<_>>().join(", ")]);
    section(
        &mut out,
        "Traits",
        profile.attributes().into_iter().map(|t| format!("{} = {} (from {})", t.name, t.json(), t.source)),
    );
    section(
        &mut out,
        "Events",
        profile.counters.iter().map(|counter| {
            let days = |days| counter.within(days, now);
            format!(
                "{}: {}, in 7 days {}, in 30 days {}, last {}",
                counter.name,
                counter.total,
                days(7),
                days(30),
                at(counter.last)
            )
        }),
    );
    let orders = &profile.orders;
    if orders.count + orders.refunds > 0 {
        let count = format!("{} orders, {} refunds", orders.count, orders.refunds);
        let last = (orders.count > 0).then(|| format!("last {}", at(orders.last)));
        let sums = orders.money.iter().map(|money| {
            let refunded = match money.refunded {
                0 => String::new(),
                minor => format!(", {} refunded", amount(minor, money.currency)),
            };
            format!("{} revenue{refunded}", amount(money.revenue, money.currency))
        });
        section(&mut out, "Orders", [count].into_iter().chain(last).chain(sums));
    }
    let affinity = &profile.to_json(now)["affinity"];
    section(
        &mut out,
        "Interests (scores that fade)",
        ["categories", "brands", "products"].map(|what| likes(what, &affinity[what])),
    );
    section(
        &mut out,
        "Channels",
        profile.channels.iter().map(|channel| {
            let consent = match channel.consent {
                Some((since, true)) => format!("yes since {}", at(since)),
                Some((since, false)) => format!("no since {}", at(since)),
                None => "never asked".into(),
            };
            let reached =
                channel.last_reached.map_or(String::new(), |last| format!(", last reached {}", at(last)));
            format!("{}: {consent}{reached}", channel.name)
        }),
    );
    section(
        &mut out,
        "Service cases",
        profile.cases.iter().map(|case| {
            let kind = if case.kind.is_empty() { "case" } else { case.kind };
            format!("{kind} {}: {}", case.id, if case.is_open() { "open" } else { "closed" })
        }),
    );
    section(
        &mut out,
        "Devices",
        profile.devices.iter().map(|device| format!("{}, last {}", device.model, at(device.last))),
    );
    section(
        &mut out,
        "Came by",
        profile.first_touch.iter().chain(&profile.touches).take(SHOWN).map(|touch| {
            let parts = [&touch.source, &touch.medium, &touch.campaign, &touch.referrer];
            let parts: Vec<&str> =
                parts.into_iter().map(|part| &**part).filter(|part| !part.is_empty()).collect();
            format!("{}: {}", at(touch.at), parts.join(" / "))
        }),
    );
    if let Some(session) = profile.sessions.last() {
        let (count, start) = (profile.sessions.len(), session.start_s * SECOND);
        section(&mut out, "Sessions kept", [format!("{count}, the last began {}", at(start))]);
    }
    section(
        &mut out,
        "Latest events",
        profile.recent.iter().take(SHOWN).map(|recent| {
            let product =
                if recent.product.is_empty() { String::new() } else { format!(" ({})", recent.product) };
            format!("{}: {}{product}", at(recent.at), recent.name)
        }),
    );
    out
}

fn section(out: &mut String, heading: &str, lines: impl IntoIterator<Item = String>) {
    for (n, line) in lines.into_iter().filter(|line| !line.is_empty()).enumerate() {
        if n == 0 {
            _ = write!(out, "\n{heading}");
        }
        _ = write!(out, "\n  {line}");
    }
}

/// The strongest interests of a kind; empty where there are none.
fn likes(what: &str, scores: &Value) -> String {
    let scores = scores.as_array().into_iter().flatten().take(SHOWN);
    let best: Vec<String> = scores
        .filter_map(|entry| Some(format!("{} {:.2}", entry["value"].as_str()?, entry["score"].as_f64()?)))
        .collect();
    if best.is_empty() { String::new() } else { format!("{what}: {}", best.join(", ")) }
}

/// Minor units as people write them: `12.95 EUR`.
fn amount(minor: i64, currency: Currency) -> String {
    let digits = currency.exponent() as usize;
    let unit = 10u64.pow(digits as u32);
    let (whole, rest) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let sign = if minor < 0 { "-" } else { "" };
    match digits {
        0 => format!("{sign}{whole} {currency}"),
        _ => format!("{sign}{whole}.{rest:0digits$} {currency}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        let amount = |minor, code| amount(minor, Currency::parse(code).unwrap());
        assert_eq!(amount(1295, "EUR"), "12.95 EUR");
        assert_eq!(amount(-5, "EUR"), "-0.05 EUR");
        assert_eq!(amount(1295, "JPY"), "1295 JPY");
        assert_eq!(amount(1005, "KWD"), "1.005 KWD");
    }
}
