//! `rondo copy list`: the drafts that wait.

use super::folder::Folder;
use crate::commands::DataFolder;
use crate::commands::say::say;
use crate::commands::table::table;
use anyhow::Result;
use clap::Args;
use copy::Draft;
use std::fs;

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    data: DataFolder,
}

/// Each draft that waits, and why those that can't be approved can't.
pub fn list(args: &ListArgs) -> Result<()> {
    let folder = Folder::open(&args.data.path)?;
    let heads = ["draft", "subject", "model", "written", "tokens", "cost", "holds"];
    let mut rows = vec![heads.map(str::to_owned)];
    let mut reasons = Vec::new();
    for path in folder.waiting() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let draft = match Draft::parse(&fs::read_to_string(&path).unwrap_or_default()) {
            Ok(draft) => draft,
            Err(error) => {
                reasons.push(format!("{name}: {error}"));
                continue;
            }
        };
        let held = folder.check(&draft);
        let holds = if held.is_ok() { "yes" } else { "no" };
        let day = draft.written_at.split('T').next().unwrap_or_default().to_owned();
        let tokens = (draft.call.tokens_in + draft.call.tokens_out).to_string();
        let cost = draft.call.cost.clone().unwrap_or_default();
        rows.push([name.clone(), draft.subject, draft.model, day, tokens, cost, holds.to_owned()]);
        reasons.extend(held.err().into_iter().flatten().map(|reason| format!("{name}: {reason}")));
    }
    if rows.len() == 1 && reasons.is_empty() {
        say("No draft waits. `rondo copy draft CAMPAIGN STEP` has some written.");
        return Ok(());
    }
    say(table(&rows, &[4]).trim_end());
    for reason in reasons {
        say(&reason);
    }
    Ok(())
}
