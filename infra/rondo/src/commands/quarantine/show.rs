//! One refused record.

use crate::commands::DataFolder;
use crate::installation::{Installation, clock};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use embedded::PrivacyFolder;
use event::{AccessEntry, QuarantineStore, Quarantined, iso_time};
use pollster::block_on;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Shortest beginning of an id by which a record is found.
const SHORTEST: usize = 4;

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The record's id, or its beginning, as `rondo quarantine` lists it
    id: String,
    /// Print the record as it came, personal data and all; the access log notes it
    #[arg(long)]
    raw: bool,
    /// Who asks, for the access log; the name you are logged in by where it is not given
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why, for the access log; without personal data, since it is kept
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    pub data: DataFolder,
}

/// The same, ready to be asked.
#[derive(Debug, Serialize, Deserialize)]
pub struct Wanted {
    id: String,
    raw: bool,
    by: String,
    reason: String,
}

impl ShowArgs {
    pub fn wanted(&self) -> Wanted {
        let by = self.by.clone().unwrap_or_else(who_is_logged_in);
        Wanted { id: self.id.clone(), raw: self.raw, by, reason: self.reason.clone() }
    }
}

/// The record, with what is said of it; or, where it is wanted raw, nothing but its own bytes as text.
pub fn answer(installation: &Installation, wanted: &Wanted) -> Result<String> {
    let (id, record) = find(installation, &wanted.id)?;
    if wanted.raw {
        note(installation, wanted, &id, &record)?;
        return Ok(String::from_utf8_lossy(&record.original).into_owned());
    }
    let rejection = &record.rejection;
    let field = if rejection.field.is_empty() { "the whole record" } else { &rejection.field };
    Ok(format!(
        "{id}\nrefused  {}\nsource   {}\ncode     {}\nfield    {field}\nreason   {}\n\n{}",
        iso_time(record.at),
        record.source,
        rejection.code.as_str(),
        rejection.reason,
        installation.parser.redacted(&record.original),
    ))
}

/// The record of an id, or of the beginning of one.
fn find(installation: &Installation, wanted: &str) -> Result<(String, Quarantined)> {
    let store = &installation.pump.store;
    if let Some(record) = block_on(store.find(wanted))? {
        return Ok((wanted.to_owned(), record));
    }
    let mut found = Vec::new();
    if wanted.len() >= SHORTEST {
        block_on(store.each(|id, record| {
            if id.starts_with(wanted) && found.len() < 2 {
                found.push((id.to_owned(), record));
            }
        }))?;
    }
    if found.len() > 1 {
        bail!("several records begin with `{wanted}`; write more of the id");
    }
    found
        .pop()
        .with_context(|| format!("no record `{wanted}` is in quarantine; `rondo quarantine` lists their ids"))
}

/// Puts into the access log who looked at the record.
fn note(installation: &Installation, wanted: &Wanted, id: &str, record: &Quarantined) -> Result<()> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| anyhow!("the system gave no random bytes: {error}"))?;
    let entry = AccessEntry {
        id: random.iter().map(|byte| format!("{byte:02x}")).collect(),
        at: clock(),
        action: "quarantine_show".into(),
        by: wanted.by.clone(),
        reason: wanted.reason.clone(),
        person: None,
        outcome: json!({"record": id, "source": record.source}),
    };
    block_on(entry.append(&PrivacyFolder::new(installation.folder.join("privacy"))))
        .context("noting it in the access log")
}

#[allow(clippy::disallowed_methods)] // the edge: whoever runs the command
fn who_is_logged_in() -> String {
    let named = ["LOGNAME", "USER"].into_iter().filter_map(|name| std::env::var(name).ok());
    named.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "somebody on this machine".into())
}
