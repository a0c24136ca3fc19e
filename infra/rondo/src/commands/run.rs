//! `rondo run`: begins a campaign by schedule, date or inactivity.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::local_time::show;
use crate::installation::Installation;
use anyhow::{Result, anyhow};
use campaign::Span;
use clap::Args;
use event::{MINUTE, parse_time};

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The name of a campaign whose entry is a schedule, a date or an inactivity
    campaign: String,
    /// As of when, like 2026-11-22T10:00:00Z; this minute where it is not given. The same campaign as of the same time
    /// reaches nobody twice
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Only count who would be sent its first message
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Begins a campaign, or counts.
pub fn run(args: &RunArgs) -> Result<()> {
    if args.dry_run {
        return ask(&args.data.path, &Question::Audience { what: args.campaign.clone(), json: false });
    }
    let at = args.at.as_deref().map(|text| {
        parse_time(text).ok_or_else(|| anyhow!("`{text}` is no time; write one like 2026-11-22T10:00:00Z"))
    });
    ask(&args.data.path, &Question::Run { campaign: args.campaign.clone(), at: at.transpose()? })
}

/// Begins a campaign and says whom it let in. Times are UTC ms.
pub fn answer(installation: &mut Installation, name: &str, at: Option<i64>, now: i64) -> Result<String> {
    let at = at.unwrap_or(now - now.rem_euclid(MINUTE));
    let (span, done) = installation.run_campaign(name, at, now)?;
    let zone = installation.delivery.zone.clone();
    let as_of = match span {
        Span::At(at) => format!("as of {}", show(at, &zone)),
        Span::Within { from, until } => format!("from {} to {}", show(from, &zone), show(until, &zone)),
    };
    Ok(format!("{name} was run {as_of}: {} of {} people enter it", done.selected, done.looked_at))
}
