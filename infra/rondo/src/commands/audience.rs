//! `rondo audience`: who is in an audience, and what would become of a message to them.

use crate::audience::{Audience, Foretold};
use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::reasons::sentence;
use crate::installation::Installation;
use anyhow::Result;
use clap::Args;
use serde_json::{Map, json};
use std::fmt::Write;

#[derive(Debug, Args)]
pub struct AudienceArgs {
    /// A campaign's name, or a condition over the profile, like 'profile.orders.count > 3'
    what: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Prints exact counts over all live profiles.
pub fn audience(args: &AudienceArgs) -> Result<()> {
    ask(&args.data.path, &Question::Audience { what: args.what.clone(), json: args.json })
}

/// The counts as text or JSON. `now` is UTC ms.
pub fn answer(installation: &Installation, what: &str, json: bool, now: i64) -> Result<String> {
    let counted = installation.audience(what, now)?;
    Ok(if json { as_json(&counted) } else { as_text(what, &counted) })
}

fn as_json(counted: &Audience) -> String {
    let mut all = json!({"people": counted.people, "audience": counted.audience});
    if let Some(due) = counted.due {
        all["due_within_a_day"] = json!(due);
    }
    if let Some(told) = &counted.message {
        let refused: Map<_, _> =
            told.refused.iter().map(|(reason, count)| (reason.as_str().to_owned(), json!(count))).collect();
        all["message"] = json!({"step": told.step, "sent": told.sent, "held": told.held, "refused": refused});
    }
    all.to_string()
}

fn as_text(what: &str, counted: &Audience) -> String {
    let mut out = format!("{what}: {} of {} people", counted.audience, counted.people);
    if let Some(due) = counted.due {
        let _ = write!(out, "\n  {due} of them enter within a day");
    }
    if let Some(Foretold { step, sent, held, refused }) = &counted.message {
        let _ = write!(out, "\nIf `{step}` went to all of them now\n  {sent} would be sent");
        if *held > 0 {
            let _ = write!(out, "\n  {held} would be held until quiet hours end");
        }
        for (reason, count) in refused {
            let _ = write!(out, "\n  {count} would not be sent: {}: {}", reason.as_str(), sentence(*reason));
        }
    }
    out
}
