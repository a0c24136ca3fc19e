//! What campaigns would have done: the history that the lake holds, once more through the functions that run live, on a
//! store in memory and with channels that send nothing.

mod lake_in_memory;
mod replay;
mod summary;

pub use summary::{Compared, Summary};

use crate::installation::Installation;
use anyhow::Result;
use campaign::{Campaigns, DeliverySettings, LedgerEntry};
use embedded::{LakeFolder, Reader};
use event::Privacy;
use jiff::tz::TimeZone;
use person::IdentityRules;
use replay::Replay;
use std::sync::Arc;

/// The past of an installation, and what it is decided by today. Whoever has it works beside the installation, which goes
/// on meanwhile.
pub struct Past {
    lake: LakeFolder,
    settings: DeliverySettings,
    /// What messages say of a person is as it is today.
    vault: Reader,
    privacy: Arc<Privacy>,
    identity: IdentityRules,
    zone: TimeZone,
    lateness: i64,
}

impl Installation {
    /// All that happened until now, UTC ms.
    ///
    /// # Errors
    /// The log, the store or the lake failed.
    pub fn past(&mut self, now: i64) -> Result<Past> {
        let lake = self.whole_lake(now)?;
        let live = &self.pump;
        Ok(Past {
            lake,
            settings: self.delivery.clone(),
            vault: live.store.reader(),
            privacy: live.privacy.clone(),
            identity: live.identity.clone(),
            zone: live.zone.clone(),
            lateness: live.lateness,
        })
    }

    /// As [`Past::backtest`].
    ///
    /// # Errors
    /// A lake or a vault that can't be read.
    pub fn backtest(&mut self, campaigns: Campaigns, since: i64, until: i64) -> Result<Vec<LedgerEntry>> {
        self.past(until)?.backtest(campaigns, since, until)
    }
}

impl Past {
    /// Every decision that these campaigns would have come to up to `until` (UTC ms), by the ids of their actions. Entries
    /// of the calendar, of dates and of silences are looked for from `since` on: the rest is taken from the beginning, so
    /// that profiles, journeys under way and caps are what they were.
    ///
    /// # Errors
    /// A lake or a vault that can't be read.
    pub fn backtest(&self, campaigns: Campaigns, since: i64, until: i64) -> Result<Vec<LedgerEntry>> {
        let mut replay = Replay::new(self, campaigns, since)?;
        replay.take(&self.lake, until)?;
        replay.decisions()
    }
}
