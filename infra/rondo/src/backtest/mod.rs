//! What campaigns would have done: the history that the lake holds, once more through the functions that run live, on a
//! store in memory and with channels that send nothing.

mod lake_in_memory;
mod replay;
mod summary;

pub use summary::{Compared, Summary};

use crate::installation::Installation;
use anyhow::Result;
use campaign::{Campaigns, LedgerEntry};
use replay::Replay;

impl Installation {
    /// Every decision that these campaigns would have come to up to `until` (UTC ms), by the ids of their actions. Entries
    /// of the calendar, of dates and of silences are looked for from `since` on: the rest is taken from the beginning, so
    /// that profiles, journeys under way and caps are what they were.
    ///
    /// # Errors
    /// A lake or a vault that can't be read.
    pub fn backtest(&mut self, campaigns: Campaigns, since: i64, until: i64) -> Result<Vec<LedgerEntry>> {
        let lake = self.whole_lake(until)?;
        let mut replay = Replay::new(self, campaigns, since)?;
        replay.take(&lake, until)?;
        replay.decisions()
    }
}
