//! `rondo bundle`: a configuration as the one object that a deployment reads.

use crate::commands::check::checked;
use crate::commands::say::say;
use anyhow::{Context, Result};
use clap::Args;
use std::fs;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct BundleArgs {
    /// A folder with settings.yaml, campaigns/, templates/ and mappings/, or one that holds it as config/
    folder: PathBuf,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "config.json")]
    output: PathBuf,
}

/// Checks a configuration as `rondo check` does, and writes its files as one.
pub fn bundle(args: &BundleArgs) -> Result<()> {
    let found = checked(&args.folder)?;
    if found.config.settings.write_keys.is_empty() {
        eprintln!(
            "{}: warning: there are no write_keys, so that a deployment takes no events; `rondo key` makes one",
            found.folder.join("settings.yaml").display()
        );
    }
    let bytes = found.files.to_bundle();
    fs::write(&args.output, &bytes).with_context(|| format!("writing {}", args.output.display()))?;
    say(&format!("{}: {} bytes from {}", args.output.display(), bytes.len(), found.folder.display()));
    Ok(())
}
