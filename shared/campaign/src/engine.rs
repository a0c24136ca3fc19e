//! One person's events and timers against the live campaigns: who enters, who leaves, what is sent.
//!
//! Journeys run on event time. A step is due a wait after the entry event happened, and is taken once `now`
//! has passed that by the allowed lateness; what cancels it is an event that happened while it waited,
//! whenever that arrives before then, also before the entry itself.

use crate::action::{Action, Lane};
use crate::campaign::{Campaign, Campaigns, Reentry, Role};
use crate::journeys::{Journey, Journeys, Mark};
use crate::scope::{ProfileView, Scope};
use crate::steps::{is_ripe, take_due_steps};
use event::{Event, Key};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Longest key of a journey, in bytes; who has a longer one does not enter.
const MAX_KEY_BYTES: usize = 256;

/// How much of an entry event a journey keeps, in bytes.
const MAX_KEPT_BYTES: usize = 2_048;

/// What the engine needs to know beside a person's own state.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// UTC ms.
    pub now: i64,
    /// How long after its due time a step waits for events that are late, ms.
    pub lateness: i64,
}

impl Journeys {
    /// Takes a person's new events in, then every step that is due; returns what to send. The order of the
    /// events does not matter.
    pub fn advance(
        &mut self,
        campaigns: &Campaigns,
        person: Key,
        fresh: &[&Event<'_>],
        profile: &ProfileView<'_>,
        moment: Moment,
    ) -> Vec<Action> {
        // All cancels first: an entry of the same batch that happened before one is then cancelled by its mark.
        for event in fresh {
            for (campaign, role) in campaigns.roles(&event.name) {
                if let Role::Cancel(rule) = role {
                    self.cancel(campaign, rule, event, profile, moment);
                }
            }
        }
        for event in fresh {
            for (campaign, role) in campaigns.roles(&event.name) {
                if role == Role::Enter {
                    self.enter(campaign, event, profile, moment);
                }
            }
        }
        let mut actions = Vec::new();
        for state in &mut self.campaigns {
            let Some(campaign) = campaigns.get(&state.campaign) else {
                // The campaign is gone, and its journeys with it.
                state.active.clear();
                state.marks.clear();
                continue;
            };
            let waits = |journey: &Journey| journey.step == Journey::WAITING;
            let line_up = campaign.entry.reentry == Reentry::Ignore
                && (state.active.len() > 1 || state.active.iter().any(waits));
            if line_up || state.active.iter().any(|journey| is_ripe(journey, moment)) {
                take_due_steps(state, campaign, person, moment, &mut actions);
            }
            let horizon = moment.now - campaign.entry.max_age;
            state.marks.retain(|mark| mark.at >= horizon);
        }
        self.campaigns.retain(|state| !state.active.is_empty() || !state.marks.is_empty());
        actions
    }

    fn cancel(
        &mut self,
        campaign: &Campaign,
        rule: usize,
        event: &Event<'_>,
        profile: &ProfileView<'_>,
        moment: Moment,
    ) {
        let rule = &campaign.cancel_on[rule];
        let scope = Scope::new(Some(event), profile, "");
        if rule.when.as_ref().is_some_and(|when| !when.holds(&scope)) {
            return;
        }
        let keys: Vec<Option<String>> = match &rule.key {
            None => vec![None],
            Some(key) => usable(key.texts(&scope)).map(Some).collect(),
        };
        let at = event.happened_at;
        let remember = at >= moment.now - campaign.entry.max_age;
        if keys.is_empty() || (!remember && self.campaigns.is_empty()) {
            return;
        }
        let state = self.campaign(&campaign.name);
        for key in keys {
            let mark = Mark { at, key };
            state.cancel(&mark);
            if remember {
                state.mark(mark);
            }
        }
    }

    fn enter(&mut self, campaign: &Campaign, event: &Event<'_>, profile: &ProfileView<'_>, moment: Moment) {
        let (entry, at) = (&campaign.entry, event.happened_at);
        if !campaign.runs_at(at) || at < moment.now - entry.max_age {
            return;
        }
        let scope = Scope::new(Some(event), profile, "");
        let holds = |condition: &Option<crate::Condition>| condition.as_ref().is_none_or(|c| c.holds(&scope));
        if !holds(&entry.when) || !holds(&campaign.audience) {
            return;
        }
        let Some((step, wait)) = campaign.next_send(0) else { return };
        // Looked at last, since a profile is read for it that nothing else may have asked for.
        if campaign.lane == Lane::Marketing && profile.refuses_analytics() {
            return;
        }
        let keys = match &entry.key {
            None => vec![String::new()],
            Some(key) => usable(key.texts(&scope)).collect(),
        };
        for key in keys {
            let journey = Journey {
                entered_at: at,
                entry: event.hash.0,
                step: step as u32,
                due_at: at + wait,
                kept: kept(&entry.keep, &event.properties),
                key,
            };
            self.campaign(&campaign.name).admit(journey, campaign);
        }
    }
}

/// Keys that are neither empty nor longer than any id is.
fn usable(keys: Vec<String>) -> impl Iterator<Item = String> {
    keys.into_iter().filter(|key| !key.is_empty() && key.len() <= MAX_KEY_BYTES)
}

/// The named properties of an event, as the text of a JSON object; empty where there are none. What would make
/// it longer than [`MAX_KEPT_BYTES`] is left out.
fn kept(keep: &[String], properties: &str) -> String {
    if keep.is_empty() || properties.is_empty() {
        return String::new();
    }
    let Ok(all) = serde_json::from_str::<BTreeMap<String, &RawValue>>(properties) else {
        return String::new();
    };
    let mut kept: BTreeMap<&str, &RawValue> = BTreeMap::new();
    let mut room = MAX_KEPT_BYTES;
    for name in keep {
        let Some(value) = all.get(name) else { continue };
        let size = name.len() + value.get().len() + r#""":,"#.len();
        if size <= room && kept.insert(name, value).is_none() {
            room -= size;
        }
    }
    if kept.is_empty() { String::new() } else { serde_json::to_string(&kept).unwrap_or_default() }
}
