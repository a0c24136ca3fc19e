//! Whom the calendar, a date or a silence lets into campaigns, found among the profiles as they are.

use crate::pump::Pump;
use anyhow::Result;
use campaign::{ProfileView, Trigger};
use evaluate_triggers::Start;
use event::DAY;
use person::Blob;
use pollster::block_on;

impl Pump {
    /// Begins the journeys that no event begins and that fall due within a day from `now` (UTC ms) on, each as of its own
    /// time. Doing it again begins nothing twice.
    ///
    /// # Errors
    /// The store failed.
    pub fn begin_by_calendar(&mut self, now: i64) -> Result<()> {
        if !self.campaigns.iter().any(|campaign| campaign.entry.is_selected()) {
            return Ok(());
        }
        self.commit()?;
        let (campaigns, zone) = (&self.campaigns, &self.zone);
        let mut starts = Vec::new();
        self.store.each_profile(|person, _, blob| {
            if !Blob::forward_of(blob).is_ok_and(|forward| forward.is_none()) {
                return;
            }
            let profile = ProfileView::stored(blob, now).in_zone(zone.clone());
            for campaign in campaigns.iter() {
                let times = match &campaign.entry.trigger {
                    Trigger::Schedule(schedule) => schedule.between(&profile.zone(), now, now + DAY),
                    Trigger::Date(date) => date.between(&profile, now, now + DAY),
                    Trigger::Inactive(silence) => {
                        silence.between(&profile, now, now + DAY).into_iter().collect()
                    }
                    Trigger::Event(_) | Trigger::Segment(_) => continue,
                };
                starts.extend(times.into_iter().map(|at| Start {
                    campaign: campaign.name.clone(),
                    person,
                    at,
                }));
            }
        })?;
        let evaluated = block_on(evaluate_triggers::run_starts(&self.triggers(&self.store), now, &starts))?;
        self.counts.actions += evaluated.actions;
        Ok(())
    }
}
