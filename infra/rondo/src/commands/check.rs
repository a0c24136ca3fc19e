//! `rondo check`: every hand-written file of a configuration.

use crate::commands::DataFolder;
use crate::commands::say::say;
use crate::config_folder::{read_all, read_files};
use crate::warnings::warnings;
use anyhow::{Result, bail};
use clap::Args;
use config::{Config, Files};
use std::path::{Path, PathBuf};

/// What a configuration is made of.
const PARTS: [&str; 6] =
    ["settings.yaml", "campaigns", "templates", "mappings", "placements", "tracking-plan"];

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// A folder with settings.yaml, campaigns/, templates/, mappings/, placements/ and tracking-plan/, or one that holds
    /// it as config/; that of the data folder where none is given
    folder: Option<PathBuf>,
    #[command(flatten)]
    data: DataFolder,
}

/// Prints each mistake with its place, or what was found to be right.
pub fn check(args: &CheckArgs) -> Result<()> {
    let Checked { folder, config, .. } = checked(args.folder.as_deref().unwrap_or(&args.data.path))?;
    say(&format!(
        "{}: {}, {}, {}, {}{}{}: all good",
        folder.display(),
        count(config.campaigns.iter().count(), "campaign"),
        count(files_in(&folder.join("templates")), "template"),
        count(config.mappings.len(), "mapping"),
        match config.placements.iter().count() {
            0 => String::new(),
            placements => count(placements, "placement") + ", ",
        },
        match files_in(&folder.join("tracking-plan")) {
            0 => String::new(),
            schemas => count(schemas, "schema") + ", ",
        },
        if folder.join("settings.yaml").exists() { "settings" } else { "no settings" },
    ));
    Ok(())
}

/// A configuration without mistakes.
pub(super) struct Checked {
    pub folder: PathBuf,
    pub files: Files,
    pub config: Config,
}

/// Reads the configuration in a folder, or in its `config/`, and prints what is wrong with it, or hardly meant.
///
/// # Errors
/// A folder that holds none, and mistakes.
pub(super) fn checked(folder: &Path) -> Result<Checked> {
    let folder = config_folder(folder)?;
    let (files, mut problems) = read_files(&folder);
    let (config, found) = read_all(&files);
    problems.append(found.below(&folder));
    for problem in problems.iter() {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{}: {} to mend", folder.display(), count(problems.iter().count(), "mistake"));
    }
    for warning in warnings(&folder, &config) {
        eprintln!("{}", warning.to_string().replacen(": ", ": warning: ", 1));
    }
    Ok(Checked { folder, files, config })
}

/// The configuration in a folder, or in its `config/`.
pub(super) fn config_folder(folder: &Path) -> Result<PathBuf> {
    let inner = folder.join("config");
    let found =
        [inner, folder.to_owned()].into_iter().find(|f| PARTS.iter().any(|part| f.join(part).exists()));
    match found {
        Some(found) => Ok(found),
        None if !folder.exists() => bail!("{} does not exist", folder.display()),
        None => bail!("{} holds no configuration: none of {}", folder.display(), PARTS.join(", ")),
    }
}

fn files_in(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_file() && !entry.file_name().to_string_lossy().starts_with('.'))
        .count()
}

fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
