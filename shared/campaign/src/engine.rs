//! One person's events and timers against the live campaigns: who enters, who leaves, what is sent.
//!
//! Journeys run on event time. A step is due a wait after the entry event happened, and is taken once `now`
//! has passed that by the allowed lateness; what cancels it is an event that happened while it waited,
//! whenever that arrives before then, also before the entry itself.

use crate::action::Action;
use crate::campaign::{Campaign, Campaigns, Reentry, Role, Step};
use crate::condition::{ProfileView, Scope};
use crate::journeys::{InCampaign, Journey, Journeys, MAX_ACTIVE, Mark};
use event::{Event, Key};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_128;

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
            match campaigns.get(&state.campaign) {
                Some(campaign) => {
                    take_due_steps(state, campaign, person, moment, &mut actions);
                    let horizon = moment.now - campaign.entry.max_age;
                    state.marks.retain(|mark| mark.at >= horizon);
                }
                // The campaign is gone, and its journeys with it.
                None => (state.active.clear(), state.marks.clear()).0,
            }
        }
        self.campaigns.retain(|state| !state.active.is_empty() || !state.marks.is_empty());
        actions
    }

    fn cancel(&mut self, campaign: &Campaign, rule: usize, event: &Event<'_>, profile: &ProfileView<'_>, moment: Moment) {
        let rule = &campaign.cancel_on[rule];
        let scope = Scope::new(Some(event), profile, "");
        if rule.when.as_ref().is_some_and(|when| !when.holds(&scope)) {
            return;
        }
        let keys: Vec<Option<String>> = match &rule.key {
            None => vec![None],
            Some(key) => key.texts(&scope).into_iter().map(Some).collect(),
        };
        let at = event.happened_at;
        let remember = at >= moment.now - campaign.entry.max_age;
        if keys.is_empty() || (!remember && self.campaigns.is_empty()) {
            return;
        }
        let state = self.campaign(&campaign.name);
        for key in keys {
            let mark = Mark { at, key };
            state.active.retain(|journey| !mark.cancels(journey));
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
        let keys = match &entry.key {
            None => vec![String::new()],
            Some(key) => key.texts(&scope),
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
            self.campaign(&campaign.name).admit(journey, entry.reentry);
        }
    }
}

impl InCampaign {
    /// Lets a journey in by the re-entry rule, unless an event that cancels it came before it.
    fn admit(&mut self, journey: Journey, reentry: Reentry) {
        if self.marks.iter().any(|mark| mark.cancels(&journey)) {
            return;
        }
        // A journey that sent something already goes on as it is.
        let under_way = |other: &Journey| other.key == journey.key;
        match (reentry, self.active.iter().position(under_way)) {
            (Reentry::Each, _) | (_, None) => {}
            (Reentry::Ignore, Some(at)) if self.active[at].entered_at <= journey.entered_at => return,
            (Reentry::Restart, Some(at)) if self.active[at].entered_at >= journey.entered_at => return,
            (_, Some(at)) if self.active[at].step != journey.step => return,
            (_, Some(at)) => drop(self.active.remove(at)),
        }
        let at = self.active.partition_point(|j| (j.entered_at, j.entry) < (journey.entered_at, journey.entry));
        if self.active.get(at).is_some_and(|j| (j.entered_at, j.entry, &j.key) == (journey.entered_at, journey.entry, &journey.key)) {
            return;
        }
        self.active.insert(at, journey);
        if self.active.len() > MAX_ACTIVE {
            self.active.remove(0);
        }
    }
}

fn take_due_steps(
    state: &mut InCampaign,
    campaign: &Campaign,
    person: Key,
    moment: Moment,
    actions: &mut Vec<Action>,
) {
    state.active.retain_mut(|journey| {
        loop {
            let waited = journey.due_at > journey.entered_at;
            let ripe = if waited { journey.due_at.saturating_add(moment.lateness) } else { journey.due_at };
            if ripe > moment.now {
                return true;
            }
            // A newer version of the file may have fewer steps.
            let Some(Step::Send { name, .. }) = campaign.steps.get(journey.step as usize) else { return false };
            actions.push(Action {
                id: action_id(person, campaign, journey, name),
                person,
                campaign: campaign.name.clone(),
                step: name.clone(),
                key: journey.key.clone(),
                entered_at: journey.entered_at,
                due_at: journey.due_at,
                lane: campaign.lane,
                kept: journey.kept.clone(),
            });
            let Some((step, wait)) = campaign.next_send(journey.step as usize + 1) else { return false };
            journey.step = step as u32;
            journey.due_at = journey.due_at.saturating_add(wait);
        }
    });
}

/// The same for the same step of the same journey, however often it is taken.
fn action_id(person: Key, campaign: &Campaign, journey: &Journey, step: &str) -> Key {
    let mut text = Vec::with_capacity(96);
    text.extend_from_slice(&person.0);
    text.extend_from_slice(&journey.entry.to_be_bytes());
    for part in [campaign.name.as_str(), &journey.key, step] {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    Key(xxh3_128(&text).to_be_bytes())
}

/// The named properties of an event, as the text of a JSON object; empty where there are none.
fn kept(keep: &[String], properties: &str) -> String {
    if keep.is_empty() || properties.is_empty() {
        return String::new();
    }
    let Ok(all) = serde_json::from_str::<BTreeMap<&str, &RawValue>>(properties) else { return String::new() };
    let kept: BTreeMap<&str, &RawValue> =
        keep.iter().filter_map(|name| Some((name.as_str(), *all.get(name.as_str())?))).collect();
    if kept.is_empty() { String::new() } else { serde_json::to_string(&kept).unwrap_or_default() }
}
