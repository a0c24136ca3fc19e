//! `rondo catalogue`: each event and property that was seen.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::table::table;
use crate::installation::Installation;
use anyhow::{Result, bail};
use build_reports::{CatalogueEvent, CatalogueField};
use clap::Args;
use std::fmt::Write;

#[derive(Debug, Args)]
pub struct CatalogueArgs {
    /// Show the properties of this event
    event: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Lists events, or the properties of one.
pub fn catalogue(args: &CatalogueArgs) -> Result<()> {
    ask(&args.data.path, &Question::Catalogue { event: args.event.clone(), json: args.json })
}

/// The catalogue as text or JSON. `now` is UTC ms.
pub fn answer(
    installation: &mut Installation,
    event: Option<&str>,
    as_json: bool,
    now: i64,
) -> Result<String> {
    let catalogue = installation.insight(now)?.catalogue;
    let Some(name) = event else {
        return match as_json {
            true => Ok(serde_json::to_string_pretty(&catalogue)?),
            false => Ok(all(&catalogue)),
        };
    };
    let same = |event: &&CatalogueEvent| event.name.eq_ignore_ascii_case(name.trim());
    let Some(event) = catalogue.events.iter().find(same) else {
        bail!("no event `{name}` was seen; `rondo catalogue` lists those that were");
    };
    match as_json {
        true => Ok(serde_json::to_string_pretty(event)?),
        false => Ok(one(event)),
    }
}

fn all(catalogue: &build_reports::Catalogue) -> String {
    if catalogue.events.is_empty() {
        return "No event was seen yet.".into();
    }
    let mut rows =
        vec![["event", "events", "first seen", "last seen", "sources", "notes"].map(str::to_owned)];
    for event in &catalogue.events {
        let mut notes = Vec::new();
        if event.planned {
            notes.push("planned".to_owned());
        }
        if event.violations.iter().any(|violation| !violation.fixed) {
            notes.push("breaks a rule".to_owned());
        }
        if !event.vault.is_empty() || event.properties.iter().chain(&event.traits).any(|field| field.personal)
        {
            notes.push("personal data".to_owned());
        }
        let sources: Vec<&str> = event.sources.keys().map(String::as_str).collect();
        rows.push([
            event.name.clone(),
            event.count.to_string(),
            day(&event.first_seen),
            day(&event.last_seen),
            sources.join(", "),
            notes.join(", "),
        ]);
    }
    let mut out = table(&rows, &[1]);
    if !catalogue.never_seen.is_empty() {
        _ = write!(out, "\nPlanned and never seen: {}.", catalogue.never_seen.join(", "));
    }
    _ = write!(out, "\n{} events in the lake", catalogue.events_counted);
    if catalogue.events_looked_into < catalogue.events_counted {
        _ = write!(out, "; properties are those of the newest {}", catalogue.events_looked_into);
    }
    out + ". `rondo catalogue EVENT` shows the properties of one."
}

fn one(event: &CatalogueEvent) -> String {
    let sources: Vec<String> =
        event.sources.iter().map(|(source, count)| format!("{source} ({count})")).collect();
    let mut out = format!(
        "{} ({}): {} events, first seen {}, last {}, from {}\n\n",
        event.name,
        event.kind,
        event.count,
        day(&event.first_seen),
        day(&event.last_seen),
        sources.join(", ")
    );
    let mut rows = vec![
        ["property", "type", "filled", "missing", "first seen", "last seen", "notes"].map(str::to_owned),
    ];
    rows.extend(event.properties.iter().map(|field| row(field, "")));
    rows.extend(event.traits.iter().map(|field| row(field, "trait ")));
    for (field, count) in &event.vault {
        let note = "personal data, in the vault".to_owned();
        let missing = percent(1.0 - *count as f64 / event.looked_into.max(1) as f64);
        rows.push([
            field.clone(),
            "text".into(),
            count.to_string(),
            missing,
            String::new(),
            String::new(),
            note,
        ]);
    }
    match rows.len() {
        1 => out.push_str("It has no properties.\n"),
        _ => out.push_str(&table(&rows, &[2, 3])),
    }
    for violation in &event.violations {
        let what = if violation.fixed { "mended" } else { "against the plan" };
        _ = write!(out, "\n{} {what}: {} (rule {})", violation.count, violation.field, violation.rule);
    }
    out.trim_end().to_owned()
}

fn row(field: &CatalogueField, prefix: &str) -> [String; 7] {
    let mut notes = Vec::new();
    if field.required {
        notes.push("required");
    } else if field.planned {
        notes.push("planned");
    }
    if field.personal {
        notes.push("personal data, masked");
    }
    [
        format!("{prefix}{}", field.name),
        field.types.keys().copied().collect::<Vec<_>>().join(", "),
        field.present.to_string(),
        percent(field.null_rate),
        day(&field.first_seen),
        day(&field.last_seen),
        notes.join(", "),
    ]
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

fn day(time: &str) -> String {
    time.get(..10).unwrap_or("never").to_owned()
}
