//! Where a measurement keeps its data meanwhile.

use anyhow::{Context, Result};
use clap::Args;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// The setting that the measurements share.
#[derive(Debug, Args)]
pub struct Scratch {
    /// The folder in which data is kept meanwhile, on the disk that is to be measured; made where it is missing
    /// [default: the system's folder for temporary files]
    #[arg(long)]
    pub scratch: Option<PathBuf>,
}

impl Scratch {
    /// A folder of its own in there, which goes with the value.
    ///
    /// # Errors
    /// A folder that can't be made.
    pub fn folder(&self) -> Result<TempDir> {
        let inside = self.scratch.clone().unwrap_or_else(std::env::temp_dir);
        fs::create_dir_all(&inside).with_context(|| format!("making the folder {}", inside.display()))?;
        let folder = tempfile::Builder::new().prefix("rondo-bench-").tempdir_in(&inside);
        folder.with_context(|| format!("making a folder in {}", inside.display()))
    }

    /// These arguments and the setting, for another process of this program.
    pub fn and<'a>(&'a self, arguments: &'a [&'a str]) -> impl Iterator<Item = &'a OsStr> {
        let setting = self.scratch.iter().flat_map(|folder| [OsStr::new("--scratch"), folder.as_os_str()]);
        arguments.iter().copied().map(OsStr::new).chain(setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_made_and_what_is_in_it_goes() {
        let there = tempfile::tempdir().unwrap();
        let missing = there.path().join("not/there");
        let scratch = Scratch { scratch: Some(missing.clone()) };
        let folder = scratch.folder().unwrap();
        fs::write(folder.path().join("log"), "events").unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(&missing).unwrap().count(), 0);
        let nowhere = Scratch { scratch: None };
        let path = nowhere.folder().unwrap().path().to_owned();
        assert!(path.starts_with(std::env::temp_dir()) && !path.exists());
    }
}
