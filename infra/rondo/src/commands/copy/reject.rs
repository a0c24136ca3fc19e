//! `rondo copy reject`: a draft that nobody wants.

use super::folder::{Folder, write_new};
use crate::commands::DataFolder;
use crate::commands::say::say;
use crate::installation::clock;
use anyhow::{Context, Result, bail};
use clap::Args;
use copy::{Draft, Rejected};
use event::iso_time;
use std::fs;

#[derive(Debug, Args)]
pub struct RejectArgs {
    /// The file of a draft
    draft: String,
    /// Why; the next draft of this message is told
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    data: DataFolder,
}

/// Puts a draft into `drafts/rejected/`, with the reason in its head.
pub fn reject(args: &RejectArgs) -> Result<()> {
    let folder = Folder::open(&args.data.path)?;
    let reason = args.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        bail!("--reason says in a sentence why, so that the next draft does better");
    }
    let Some((path, draft)) = folder.draft(&args.draft)? else {
        return Err(folder.no_such(&args.draft));
    };
    let rejected = Draft { rejected: Some(Rejected { reason, at: iso_time(clock()) }), ..draft };
    let kept = folder.rejected().join(path.file_name().unwrap_or_default());
    write_new(&kept, &rejected.to_file())?;
    fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    say(&kept.display().to_string());
    Ok(())
}
