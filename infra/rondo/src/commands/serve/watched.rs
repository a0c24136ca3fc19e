//! What is taken up of the configuration while the server runs.

use super::desk::{Desk, Request};
use super::http::Door;
use crate::commands::say::say;
use crate::commands::write_keys::Keys;
use crate::config_folder::read_config;
use collect_events::{RateLimits, Webhooks, WriteKeys};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::spawn_blocking;

/// How often the configuration is looked at for other write keys and placements.
const LOOK_AT_CONFIG: Duration = Duration::from_secs(2);

/// What of the configuration may change while the server runs: write keys, of which a new one is handed out or one is taken
/// away, and placements. Campaigns are read when it starts.
pub struct Watched {
    pub folder: PathBuf,
    /// Those of the command line, which stay: as pages ask by them, and as they send.
    pub asked: Keys,
    pub given: WriteKeys,
    /// Whose secrets are read at the start.
    pub webhooks: Webhooks,
    pub limits: RateLimits,
    pub desk: Desk,
}

impl Watched {
    /// Looks after it for as long as the server runs.
    pub async fn watch(self, door: Arc<Door>) {
        let (settings, placements) = (self.folder.join("settings.yaml"), self.folder.join("placements"));
        let changed_at = |file: &Path| fs::metadata(file).and_then(|file| file.modified()).ok();
        let changed = || (changed_at(&settings), changes(&placements));
        let mut seen = changed();
        loop {
            tokio::time::sleep(LOOK_AT_CONFIG).await;
            let now = changed();
            if now == seen {
                continue;
            }
            seen = now;
            let folder = self.folder.clone();
            let Ok((config, problems)) = spawn_blocking(move || read_config(&folder)).await else { continue };
            if !problems.is_empty() {
                eprintln!(
                    "rondo: write keys and placements stay as they were, since the configuration has mistakes:\n{problems}"
                );
                continue;
            }
            if let Some(lane) = &door.lane {
                lane.change_keys(self.asked.read_keys(&config.settings.write_keys));
                let placements = Arc::new(config.placements);
                lane.change_placements(Arc::clone(&placements));
                self.desk.put(Request::Placements(placements));
            }
            let keys = self.given.clone().and_digests(config.settings.write_keys);
            let keys = keys.and_webhooks(self.webhooks.clone());
            door.change_keys(keys.limited(self.limits.renewed(config.settings.rate_limits)));
            say("The write keys and placements of the configuration are in force.");
        }
    }
}

/// The files of a folder, with when each was changed.
fn changes(folder: &Path) -> Vec<(PathBuf, Option<SystemTime>)> {
    let files = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let changed = |file: &fs::DirEntry| file.metadata().and_then(|file| file.modified()).ok();
    let mut files: Vec<_> = files.map(|file| (file.path(), changed(&file))).collect();
    files.sort();
    files
}
