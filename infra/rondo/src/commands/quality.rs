//! `rondo quality`: what comes in, from where, and how good it is.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::table::table;
use crate::installation::Installation;
use anyhow::Result;
use build_reports::{DataQuality, Measures};
use clap::Args;
use event::{DAY, HOUR, MINUTE};
use std::fmt::Write;

/// Rules and properties that are told.
const MOST: usize = 12;

#[derive(Debug, Args)]
pub struct QualityArgs {
    /// Print JSON, hour by hour
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Prints the measures of every source.
pub fn quality(args: &QualityArgs) -> Result<()> {
    ask(&args.data.path, &Question::Quality { json: args.json })
}

/// Data quality as text or JSON. `now` is UTC ms.
pub fn answer(installation: &mut Installation, as_json: bool, now: i64) -> Result<String> {
    let quality = installation.insight(now)?.quality;
    match as_json {
        true => Ok(serde_json::to_string_pretty(&quality)?),
        false => Ok(text(&quality)),
    }
}

fn text(quality: &DataQuality) -> String {
    if quality.sources.is_empty() {
        return "Nothing came in yet.".into();
    }
    let mut out = String::from("The last seven days, by source:\n\n");
    let headings =
        ["source", "newest", "events", "late", "duplicate", "refused", "withheld", "against plan", "null"];
    let mut rows = vec![headings.map(str::to_owned)];
    for source in &quality.sources {
        let total: &Measures = &source.total;
        rows.push([
            source.source.clone(),
            source.age_ms.map_or("never".into(), age),
            total.events.to_string(),
            total.late.to_string(),
            total.duplicates.to_string(),
            total.rejections().to_string(),
            total.withheld.to_string(),
            total.violating.to_string(),
            total.null_rate.map_or("–".into(), |rate| format!("{:.1}%", rate * 100.0)),
        ]);
    }
    out.push_str(&table(&rows, &[2, 3, 4, 5, 6, 7, 8]));
    if !quality.rejected.is_empty() {
        out.push_str("\nRefused, by reason:");
        quality.rejected.iter().for_each(|(code, count)| _ = write!(out, " {count} {code},"));
        out.pop();
        out.push_str(". `rondo quarantine` shows them.\n");
    }
    if !quality.violations.is_empty() {
        out.push_str("\nAgainst the tracking plan, in all that the catalogue covers:\n");
        for v in quality.violations.iter().take(MOST) {
            let mended = if v.fixed { ", mended" } else { "" };
            _ = writeln!(out, "  {} × {}: {} (rule {}{mended})", v.count, v.event, v.field, v.rule);
        }
    }
    if !quality.null_rates.is_empty() {
        out.push_str("\nOften missing:\n");
        for rate in quality.null_rates.iter().take(MOST) {
            let required = if rate.required { ", although the plan requires it" } else { "" };
            let share = rate.null_rate * 100.0;
            _ = writeln!(out, "  {share:.1}% of {}: {}{required}", rate.event, rate.property);
        }
    }
    out.trim_end().to_owned()
}

fn age(ms: i64) -> String {
    match ms {
        ms if ms < MINUTE => "just now".into(),
        ms if ms < HOUR => format!("{} min ago", ms / MINUTE),
        ms if ms < 2 * DAY => format!("{} h ago", ms / HOUR),
        ms => format!("{} days ago", ms / DAY),
    }
}
