//! `rondo map`: a mapping proposed for a file, and what an import with a mapping would give.

use crate::commands::DataFolder;
use crate::commands::say::say;
use crate::config_folder::read_config;
use crate::installation::clock;
use anyhow::{Result, bail};
use clap::Args;
use config::Config;
use event::{Mapping, Parser, Pseudonymizer};
use import_data::{Preview, SourceFile, preview, propose};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How many rows a proposal is tried on.
const ROWS: u64 = 10_000;
/// How many events are shown.
const SHOWN: usize = 3;

#[derive(Debug, Args)]
pub struct MapArgs {
    /// A table, JSON, Parquet, a web server's log; gzip and zstd are fine
    file: PathBuf,
    /// What a row stands for, for example "Order Completed"; guessed where it is not given
    #[arg(long)]
    event: Option<String>,
    #[command(flatten)]
    data: DataFolder,
}

/// Prints a mapping that fits a file, and behind it, as remarks, what it would give.
pub fn map(args: &MapArgs) -> Result<()> {
    let proposal = propose(SourceFile::open(&args.file)?, args.event.as_deref())?;
    let mapping = match Mapping::parse(&proposal.yaml) {
        Ok(mapping) => mapping,
        Err(error) => {
            say(&proposal.yaml);
            bail!("the proposal is not right yet: {error}; mend it, and try it with rondo import --dry-run");
        }
    };
    let config = read(&args.data.path)?;
    let tried = dry_run(&config, &args.file, Some(&mapping), ROWS)?;
    let mut text = proposal.yaml;
    text.push('\n');
    for line in describe(&args.file, &tried).lines() {
        let _ = writeln!(text, "# {line}");
    }
    say(text.trim_end());
    Ok(())
}

/// The configuration of a data folder, which may be in use.
pub(super) fn read(folder: &Path) -> Result<Config> {
    let (config, problems) = read_config(&folder.join("config"));
    if !problems.is_empty() {
        bail!("the configuration has mistakes:\n{problems}");
    }
    Ok(config)
}

/// What the first rows of a file would become; nothing is written anywhere.
pub(super) fn dry_run(config: &Config, file: &Path, mapping: Option<&Mapping>, rows: u64) -> Result<Preview> {
    // Nothing that is shown is to be found again, so any key does.
    let key = Pseudonymizer::new(b"a dry run, whose hashes are of no use");
    let parser = Parser::new(key, config.settings.parser.clone());
    Ok(preview(&parser, SourceFile::open(file)?, mapping, rows, SHOWN, clock())?)
}

/// A preview in words.
pub(super) fn describe(file: &Path, tried: &Preview) -> String {
    let mut text = format!("{}: {} rows would give {} events", file.display(), tried.rows, tried.events);
    if tried.skipped > 0 {
        let _ = write!(text, "; {} are left out by the mapping", tried.skipped);
    }
    if tried.withheld > 0 {
        let _ = write!(
            text,
            "; {} would be kept nowhere, since their people were erased or refused",
            tried.withheld
        );
    }
    let refused: u64 = tried.refused.values().map(|(count, _)| count).sum();
    let _ = writeln!(text, "; {refused} would be refused");
    let mut reasons: Vec<_> = tried.refused.iter().collect();
    reasons.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for ((code, field, reason), (count, first)) in reasons.into_iter().take(10) {
        let field = if field.is_empty() { String::new() } else { format!(" ({field})") };
        let _ = writeln!(text, "  {count} {code}{field}: {reason}; first {first}");
    }
    for event in &tried.sample {
        let _ = writeln!(text, "  {event}");
    }
    text.trim_end().to_owned()
}
