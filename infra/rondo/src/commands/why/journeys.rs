//! Where a person stands in campaigns, and what became of messages to them.

use super::{Why, span};
use crate::commands::reasons::outcome;
use anyhow::Result;
use campaign::{
    Action, Campaign, Entry, ExperimentStep, InCampaign, Journey, Journeys, Lane, LedgerEntry, Step,
};
use std::fmt::Write;

/// How many queued actions are looked through for the person's own.
const QUEUED: usize = 100_000;

impl Why<'_> {
    pub(super) fn journey(&self, within: &InCampaign, journey: &Journey) -> String {
        let name = &within.campaign;
        let key = if journey.key.is_empty() { String::new() } else { format!(", key {}", journey.key) };
        let version = self.installation.pump.campaigns.version(name, within.version);
        let due = || {
            let lateness = match self.installation.pump.lateness {
                0 => String::new(),
                ms => format!(", plus {} for events that are late", span(ms)),
            };
            format!("{}{lateness}", self.at(journey.due_at))
        };
        let next = match version.map(|campaign| campaign.steps.get(journey.step as usize)) {
            _ if journey.waiting => "waits behind an earlier journey of the same key".to_owned(),
            None => "the campaign is no longer live: nothing follows".to_owned(),
            Some(Some(Step::Send { name, .. })) => format!("next `{name}`, due {}", due()),
            Some(Some(Step::If { when, .. })) => {
                format!("next it is asked whether `{}`, {}", when.source(), due())
            }
            Some(Some(Step::WaitForEvent(wait))) => {
                let event = version.and_then(|campaign| campaign.awaited.get(wait.awaited));
                format!("waits for `{}` until {}", event.map_or("", |event| &event.event), due())
            }
            Some(_) => "the campaign no longer has the next step: nothing follows".to_owned(),
        };
        let mut line = format!("{name}{key}: entered {}; {next}", self.at(journey.entered_at));
        if let Some(campaign) = version {
            _ = write!(line, "; priority {}", campaign.priority);
            self.arms(campaign).iter().for_each(|arm| _ = write!(line, "; {arm}"));
        }
        line
    }

    /// Decided messages by their time, then those that still wait for a decision.
    pub(super) fn messages(
        &self,
        entries: &[LedgerEntry],
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<String>> {
        let mut lines: Vec<String> = entries
            .iter()
            .map(|entry| {
                let channel =
                    if entry.channel.is_empty() { String::new() } else { format!(" by {}", entry.channel) };
                let outcome = outcome(entry, &self.at(entry.due_at));
                format!("{}: {} / {}{channel}: {outcome}", self.at(entry.at), entry.campaign, entry.step)
            })
            .collect();
        for lane in [Lane::Service, Lane::Marketing] {
            let queued = self.installation.pump.store.deliverable(lane, i64::MAX, QUEUED)?;
            let own = |action: &Action| {
                action.person == self.found.person
                    && wanted(&action.campaign)
                    && !entries.iter().any(|entry| entry.action == action.id)
            };
            for action in queued.iter().map(|queued| &queued.action).filter(|action| own(action)) {
                let (due, lane) = (self.at(action.due_at), action.lane.as_str());
                lines.push(format!(
                    "due {due}: {} / {}: in the {lane} queue, priority {}",
                    action.campaign, action.step, action.priority
                ));
            }
        }
        Ok(lines)
    }

    /// The arms of the campaign's experiments that the person falls into.
    pub(super) fn arms(&self, campaign: &Campaign) -> Vec<String> {
        let experiments = campaign.steps.iter().filter_map(|step| match step {
            Step::Experiment(step) => Some(step.as_ref()),
            _ => None,
        });
        let arm = |step: &ExperimentStep| {
            let (assignment, _) = step.assign(self.found.person);
            let (name, arm) = (&step.experiment.key, step.experiment.arm(assignment));
            match assignment.takes_part {
                true => format!("experiment `{name}`: arm `{arm}`"),
                false => format!("experiment `{name}`: takes no part, and goes the way of `{arm}`"),
            }
        };
        experiments.map(arm).collect()
    }

    /// Campaigns that let the person in again only later, since they were sent something of them.
    pub(super) fn closed(&self, journeys: &Journeys, wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        for within in journeys.campaigns().iter().filter(|within| wanted(&within.campaign)) {
            let name = &within.campaign;
            let Some(span) = self.campaign(name).and_then(|campaign| campaign.entry.again_after) else {
                continue;
            };
            let closed = within.past().filter(|(_, entered_at)| entered_at.saturating_add(span) > self.now);
            for (key, entered_at) in closed {
                let key = if key.is_empty() { String::new() } else { format!(", key {key}") };
                let again = match span {
                    Entry::NEVER => "never again".to_owned(),
                    span => format!("again from {}", self.at(entered_at.saturating_add(span))),
                };
                let entered = self.at(entered_at);
                lines.push(format!("{name}{key}: {again}, since a message followed the entry of {entered}"));
            }
        }
        lines
    }
}
