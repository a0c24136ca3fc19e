//! What was learned of creatives on this machine: one small file, read when the data folder is opened.

use crate::installation::Installation;
use anyhow::{Context, Result, anyhow};
use campaign::{Campaign, Creative, Creatives};
use lake::History;
use person::EventHistory;
use pollster::block_on;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn file_of(folder: &Path) -> PathBuf {
    folder.join("models").join("creatives")
}

/// Reads what was learned; nothing where nothing was yet.
pub fn read_creatives(folder: &Path) -> Result<Creatives> {
    let file = file_of(folder);
    match fs::read(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Creatives::default()),
        read => {
            let bytes = read.with_context(|| format!("reading {}", file.display()))?;
            Creatives::decode(&bytes).map_err(|_| {
                anyhow!(
                    "{} is damaged: remove it, and `rondo learn` makes it anew from the lake",
                    file.display()
                )
            })
        }
    }
}

impl Installation {
    /// The creatives of the live campaigns.
    pub fn creatives(&self) -> Vec<&Creative> {
        let sends = self.pump.campaigns.iter().flat_map(Campaign::sends);
        sends.filter_map(|(_, message)| message.creative()).collect()
    }

    /// Learns from all messages in the lake whose windows are over at `now` (UTC ms), and chooses by it from then on.
    /// Returns how many messages each creative was taught by, by its name.
    pub fn learn(&mut self, now: i64) -> Result<Vec<(String, u64)>> {
        let lake = self.whole_lake(now)?;
        let mut learned = self.delivery.creatives.learned().clone();
        let mut lessons = Vec::new();
        for creative in self.creatives() {
            let (mut shown, mut rewards) = (Vec::new(), Vec::new());
            block_on(History(&lake).each_event(|event| {
                shown.extend(creative.shown(event));
                rewards.extend(creative.reward(event));
            }))?;
            let bandit = learned.entry(creative.name.clone()).or_default();
            lessons.push((creative.name.clone(), bandit.learn(&shown, &rewards, creative.window, now)));
        }
        let creatives = Creatives::new(learned);
        let file = file_of(&self.folder);
        write(&file, &creatives.encode()).with_context(|| format!("writing {}", file.display()))?;
        self.delivery.creatives = Arc::new(creatives);
        Ok(lessons)
    }
}

/// Writes a file beside its place and renames it into it.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let unfinished = path.with_extension("unfinished");
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}
