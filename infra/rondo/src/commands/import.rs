//! `rondo import`.

use crate::commands::say::say;
use crate::commands::{DataFolder, Progress, map, on_interrupt};
use crate::import::Imported;
use crate::installation::Installation;
use crate::pace::Pace;
use anyhow::{Context, Result, bail};
use clap::Args;
use event::Mapping;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Segment-spec records (.ndjson, .jsonl, .json), or with a mapping a table, JSON, Parquet, a web server's log or
    /// plain text; gzip and zstd are fine
    file: PathBuf,
    /// What the columns of rows mean: a mapping file, or the name of one in DIR/config/mappings
    #[arg(long)]
    mapping: Option<String>,
    /// Import nothing; say what the file would give, and which rows would be refused and why
    #[arg(long)]
    dry_run: bool,
    /// Lines taken at once, for tests that stop an import anywhere
    #[arg(long, hide = true)]
    batch: Option<usize>,
    #[command(flatten)]
    data: DataFolder,
}

/// Takes the records of a file in, and says what came of them.
pub fn import(args: &ImportArgs) -> Result<()> {
    if args.dry_run {
        return dry_run(args);
    }
    let mut installation = Installation::open(&args.data.path)?;
    installation.pump.pace = args.batch.map_or_else(Pace::of_import, Pace::of_lines);
    let mapping =
        args.mapping.as_deref().map(|name| find_mapping(&installation.mappings, name)).transpose()?;
    let stop = on_interrupt();
    let shown = args.file.display().to_string();
    let progress = Progress::bytes(&shown);
    let imported =
        crate::import::import(&mut installation, &args.file, mapping.as_ref(), &stop, |done, of| {
            progress.at(done, of);
        })?;
    drop(progress);
    let counts = installation.pump.counts;
    installation.close()?;
    println!("{}", sentence(&shown, &imported, counts.duplicates));
    if imported.stopped {
        println!(
            "Stopped behind line {}. Import the file again to go on.",
            imported.resumed_at + imported.lines
        );
    }
    Ok(())
}

/// Says what a file would give. Reads the configuration only, so that it works beside a running server.
fn dry_run(args: &ImportArgs) -> Result<()> {
    let config = map::read(&args.data.path)?;
    let mapping = args.mapping.as_deref().map(|name| find_mapping(&config.mappings, name)).transpose()?;
    let tried = map::dry_run(&config, &args.file, mapping.as_ref(), u64::MAX)?;
    say(&map::describe(&args.file, &tried));
    Ok(())
}

fn sentence(file: &str, imported: &Imported, duplicates: u64) -> String {
    if imported.lines == 0 && imported.resumed_at > 0 {
        return format!(
            "{file}: nothing to do, all of its {} lines were imported before",
            imported.resumed_at
        );
    }
    let mut text = format!("{file}: {} lines, {} events", imported.lines, imported.events);
    if duplicates > 0 {
        text += &format!(", {duplicates} of them duplicates");
    }
    if imported.skipped > 0 {
        text += &format!(", {} rows left out by the mapping", imported.skipped);
    }
    if imported.rejected > 0 {
        text += &format!(", {} records in quarantine (rondo quarantine shows why)", imported.rejected);
    }
    if imported.withheld > 0 {
        text += &format!(
            ", {} records refused and not kept, since their people were erased or did not agree",
            imported.withheld
        );
    }
    text
}

fn find_mapping(known: &BTreeMap<String, Mapping>, name: &str) -> Result<Mapping> {
    if let Some(mapping) = known.get(name) {
        return Ok(mapping.clone());
    }
    let text = std::fs::read_to_string(name).with_context(|| {
        let known: Vec<&str> = known.keys().map(String::as_str).collect();
        format!("no mapping `{name}` in the configuration ({}), and no such file", known.join(", "))
    })?;
    match Mapping::parse(&text) {
        Ok(mapping) => Ok(mapping),
        Err(error) => bail!("{name}:{}:{}: {}", error.line, error.column, error.message),
    }
}
