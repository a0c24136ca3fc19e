//! Refused records, put in again.

use super::filter::{Filter, FilterArgs};
use crate::commands::DataFolder;
use crate::installation::Installation;
use crate::replay::Replayed;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use event::Mapping;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Write;

/// How many reasons of what is refused still are told one by one.
const REASONS: usize = 20;

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The records' ids, as `rondo quarantine` lists them
    ids: Vec<String>,
    /// All records
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Read them through this mapping: a mapping file, or the name of one in DIR/config/mappings
    #[arg(long = "with", value_name = "MAPPING")]
    mapping: Option<String>,
    /// Say what would come of it, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub data: DataFolder,
}

/// The same, ready to be asked.
#[derive(Debug, Serialize, Deserialize)]
pub struct Wanted {
    ids: Vec<String>,
    filter: Filter,
    /// The mapping's name, and the text of the file of that name where there is one.
    mapping: Option<(String, Option<String>)>,
    dry_run: bool,
    json: bool,
}

impl ReplayArgs {
    pub fn wanted(&self) -> Result<Wanted> {
        let filter = self.filter.read()?;
        ensure!(
            self.all || !self.ids.is_empty() || !filter.is_empty(),
            "say which records: their ids, --code, --source, --since, or --all"
        );
        let mapping = self.mapping.clone().map(|name| {
            let text = std::fs::read_to_string(&name).ok();
            (name, text)
        });
        Ok(Wanted { ids: self.ids.clone(), filter, mapping, dry_run: self.dry_run, json: self.json })
    }
}

/// What came of it, in words or as JSON.
pub fn answer(installation: &mut Installation, wanted: &Wanted) -> Result<String> {
    let mapping = wanted
        .mapping
        .as_ref()
        .map(|(name, text)| mapping(installation, name, text.as_deref()))
        .transpose()?;
    let chosen = |id: &str, record: &event::Quarantined| {
        (wanted.ids.is_empty() || wanted.ids.iter().any(|wanted| wanted == id)) && wanted.filter.holds(record)
    };
    let replayed = installation.replay(chosen, mapping.as_ref(), wanted.dry_run)?;
    Ok(if wanted.json {
        in_json(&replayed, wanted.dry_run).to_string()
    } else {
        in_words(&replayed, wanted.dry_run)
    })
}

fn mapping(installation: &Installation, name: &str, text: Option<&str>) -> Result<Mapping> {
    if let Some(mapping) = installation.mappings.get(name) {
        return Ok(mapping.clone());
    }
    let text = text.with_context(|| {
        let known: Vec<&str> = installation.mappings.keys().map(String::as_str).collect();
        format!("no mapping `{name}` in the configuration ({}), and no such file", known.join(", "))
    })?;
    match Mapping::parse(text) {
        Ok(mapping) => Ok(mapping),
        Err(error) => bail!("{name}:{}:{}: {}", error.line, error.column, error.message),
    }
}

fn in_words(replayed: &Replayed, dry_run: bool) -> String {
    let Replayed { taken, known, refused } = replayed;
    if *taken + *known + replayed.still() == 0 {
        return "No such record is in quarantine.".into();
    }
    let mut text = match dry_run {
        true => format!("{taken} would go in"),
        false => format!("{taken} went in"),
    };
    if *known > 0 {
        _ = write!(text, ", {known} {} in already", if dry_run { "are" } else { "were" });
    }
    _ = write!(text, ", {} {} refused still", replayed.still(), if dry_run { "would be" } else { "are" });
    for ((code, field, reason), count) in refused.iter().take(REASONS) {
        let rejection = event::Rejection::new(*code, field.as_str(), reason.as_str());
        _ = write!(text, "\n{count:8}  {rejection}");
    }
    if refused.len() > REASONS {
        _ = write!(text, "\n          and {} other reasons", refused.len() - REASONS);
    }
    text
}

fn in_json(replayed: &Replayed, dry_run: bool) -> Value {
    let refused = replayed.refused.iter().map(|((code, field, reason), count)| {
        json!({"code": code.as_str(), "field": field, "reason": reason, "records": count})
    });
    json!({
        "dry_run": dry_run,
        "taken": replayed.taken,
        "known": replayed.known,
        "refused": replayed.still(),
        "reasons": refused.collect::<Vec<_>>(),
    })
}
