//! What holds for a person in all campaigns: their answers, caps, complaints and holdouts.

use super::Why;
use anyhow::Result;
use campaign::{Campaign, Cap, Ledger, LedgerEntry, local_day};
use pollster::block_on;
use std::collections::BTreeSet;

impl Why<'_> {
    pub(super) fn consent(&self) -> Vec<String> {
        let answers =
            self.profile.channels.iter().filter_map(|channel| Some((channel.name, channel.consent?)));
        answers
            .map(|(name, (since, granted))| {
                format!("{name}: {}, since {}", if granted { "yes" } else { "no" }, self.at(since))
            })
            .collect()
    }

    pub(super) fn caps(&self, entries: &[LedgerEntry]) -> Result<Vec<String>> {
        let campaigns = self.installation.pump.campaigns.iter();
        let of_steps = campaigns.flat_map(Campaign::sends).map(|(_, message)| message.channel.as_str());
        let of_entries =
            entries.iter().map(|entry| entry.channel.as_str()).filter(|channel| !channel.is_empty());
        let channels: BTreeSet<&str> = of_steps.chain(of_entries).collect();
        let day = local_day(&self.zone, self.now);
        let sends = block_on(self.installation.pump.store.sends(self.found.person))?;
        let line = |name: &str, of: &dyn Fn(&str) -> bool| {
            let days = |days: i32| sends.on_days(of, day - (days - 1), day);
            format!("{name}: {} today, {} in seven days", days(1), days(Cap::WEEK_DAYS))
        };
        let mut lines: Vec<String> =
            channels.iter().map(|channel| line(channel, &|of| of == *channel)).collect();
        if lines.len() > 1 {
            lines.push(line("all channels", &|_| true));
        }
        Ok(lines)
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        let open = self.profile.cases.iter().filter(|case| case.kind == "complaint" && case.is_open());
        open.map(|case| format!("{}, since {}", case.id, case.opened.map_or("?".into(), |at| self.at(at))))
            .collect()
    }

    /// The holdouts that the person is in: the deployment's, and those of campaigns.
    pub(super) fn holdouts(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let everything = self.installation.delivery.holdout.holds_out(self.found.person);
        let of = |campaign: &Campaign| campaign.limits.holdout.holds(&campaign.name, self.found.person);
        let campaigns = self.installation.pump.campaigns.iter().filter(|campaign| wanted(&campaign.name));
        let names = campaigns.filter(|campaign| of(campaign)).map(|campaign| campaign.name.clone());
        everything.then(|| "all marketing".to_owned()).into_iter().chain(names).collect()
    }
}
