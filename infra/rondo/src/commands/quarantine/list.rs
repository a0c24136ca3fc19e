//! Which records were refused, and why.

use super::Look;
use super::filter::{Filter, FilterArgs};
use crate::commands::DataFolder;
use crate::installation::Installation;
use anyhow::Result;
use clap::Args;
use event::{QuarantineStore, Quarantined, iso_time};
use pollster::block_on;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub data: DataFolder,
}

impl ListArgs {
    pub fn look(&self) -> Result<Look> {
        Ok(Look::List(self.filter.read()?, self.json))
    }
}

/// The list, as text or as lines of JSON. It holds nothing of the records themselves.
pub fn answer(installation: &Installation, filter: &Filter, as_json: bool) -> Result<String> {
    // Time, id, source and reason, which are small; the records may be many and large.
    let mut lines: Vec<(i64, String, String)> = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let line = if as_json { json_line } else { text_line };
    block_on(installation.pump.store.each(|id, record| {
        if filter.holds(&record) {
            lines.push((record.at, line(id, &record), record.source));
            *counts.entry(record.rejection.code.as_str()).or_default() += 1;
        }
    }))?;
    lines.sort_by(|a, b| (a.0, &a.2).cmp(&(b.0, &b.2)));
    let mut out = String::new();
    for (_, line, _) in &lines {
        _ = writeln!(out, "{line}");
    }
    if as_json {
        out.pop();
        return Ok(out);
    }
    if lines.is_empty() {
        let none = if filter.is_empty() {
            "Nothing is in quarantine."
        } else {
            "Nothing of that kind is in quarantine."
        };
        return Ok(none.into());
    }
    _ = write!(out, "\n{} in quarantine:", lines.len());
    for (code, count) in counts {
        _ = write!(out, " {count} {code},");
    }
    out.pop();
    Ok(out)
}

fn text_line(id: &str, record: &Quarantined) -> String {
    format!("{}  {id}  {}  {}", iso_time(record.at), record.source, record.rejection)
}

fn json_line(id: &str, record: &Quarantined) -> String {
    let rejection = &record.rejection;
    json!({
        "id": id,
        "at": iso_time(record.at),
        "source": record.source,
        "code": rejection.code.as_str(),
        "field": rejection.field,
        "reason": rejection.reason,
        "bytes": record.original.len(),
    })
    .to_string()
}
