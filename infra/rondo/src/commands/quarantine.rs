//! `rondo quarantine`: what was refused, and why.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::installation::Installation;
use anyhow::Result;
use clap::Args;
use event::iso_time;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Debug, Args)]
pub struct QuarantineArgs {
    /// Print one JSON object a line, each with the refused record as it came: it may hold personal data
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Lists the refused records.
pub fn quarantine(args: &QuarantineArgs) -> Result<()> {
    ask(&args.data.path, &Question::Quarantine { json: args.json })
}

/// The list as text, which holds nothing of the records, or as lines of JSON, which do.
pub fn answer(installation: &Installation, as_json: bool) -> Result<String> {
    let records = installation.pump.store.quarantined()?;
    if as_json {
        let lines = records.iter().map(|record| {
            json!({
                "at": iso_time(record.at),
                "source": record.source,
                "code": record.rejection.code.as_str(),
                "field": record.rejection.field,
                "reason": record.rejection.reason,
                "original": String::from_utf8_lossy(&record.original),
            })
            .to_string()
        });
        return Ok(lines.collect::<Vec<_>>().join("\n"));
    }
    if records.is_empty() {
        return Ok("Nothing is in quarantine.".into());
    }
    let mut out = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &records {
        *counts.entry(record.rejection.code.as_str()).or_default() += 1;
        _ = writeln!(out, "{}  {}  {}", iso_time(record.at), record.source, record.rejection);
    }
    _ = write!(out, "\n{} in quarantine:", records.len());
    for (code, count) in counts {
        _ = write!(out, " {count} {code},");
    }
    out.pop();
    Ok(out)
}
