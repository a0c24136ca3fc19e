//! What was learned of creatives on this machine: one small file, read when the data folder is opened.

use crate::installation::Installation;
use anyhow::Result;
use build_reports::{Learned, learn};
use campaign::{Campaign, Creative, CreativeStore, Creatives};
use embedded::LakeFolder;
use pollster::block_on;
use std::path::Path;
use std::sync::Arc;

/// Reads what was learned; nothing where nothing was yet.
pub fn read_creatives(folder: &Path) -> Result<Creatives> {
    Ok(block_on(LakeFolder::new(folder).load())?)
}

impl Installation {
    /// The creatives of the live campaigns, and of placements that learn.
    pub fn creatives(&self) -> Vec<&Creative> {
        let sends = self.pump.campaigns.iter().flat_map(Campaign::sends);
        let of_messages = sends.filter_map(|(_, message)| message.creative());
        of_messages.chain(self.placements.learning()).collect()
    }

    /// Learns from all messages in the lake whose windows are over at `now` (UTC ms), and chooses by it from then on.
    /// Returns how many messages each creative was taught by, by its name.
    pub fn learn(&mut self, now: i64) -> Result<Vec<(String, u64)>> {
        let lake = self.whole_lake(now)?;
        let before = &self.delivery.creatives;
        let Learned { creatives, messages } = block_on(learn(&lake, &self.creatives(), before, now))?;
        block_on(LakeFolder::new(&self.folder).save(&creatives))?;
        self.delivery.creatives = Arc::new(creatives);
        Ok(messages.into_iter().collect())
    }
}
