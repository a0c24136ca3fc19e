//! `rondo quarantine`: what was refused and why; and back in with it.

mod filter;
mod list;
mod replay;
mod show;

use crate::commands::ask::{Question, ask};
use crate::installation::Installation;
use anyhow::Result;
use clap::{Args, Subcommand};
use filter::Filter;
use serde::{Deserialize, Serialize};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct QuarantineArgs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: list::ListArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show which records were refused, and why
    List(list::ListArgs),
    /// Show one record, without what is personal in it
    Show(show::ShowArgs),
    /// Put in what is no longer refused
    Replay(replay::ReplayArgs),
}

/// What may be asked of the quarantine.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Look {
    List(Filter, bool),
    Show(show::Wanted),
    Replay(replay::Wanted),
}

/// Lists, shows or replays refused records.
pub fn quarantine(args: &QuarantineArgs) -> Result<()> {
    let (data, look) = match &args.action {
        None => (&args.list.data, args.list.look()?),
        Some(Action::List(list)) => (&list.data, list.look()?),
        Some(Action::Show(show)) => (&show.data, Look::Show(show.wanted())),
        Some(Action::Replay(replay)) => (&replay.data, Look::Replay(replay.wanted()?)),
    };
    ask(&data.path, &Question::Quarantine(look))
}

/// The answer as text.
pub fn answer(installation: &mut Installation, look: &Look) -> Result<String> {
    match look {
        Look::List(filter, json) => list::answer(installation, filter, *json),
        Look::Show(wanted) => show::answer(installation, wanted),
        Look::Replay(wanted) => replay::answer(installation, wanted),
    }
}
