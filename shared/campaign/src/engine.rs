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
use std::collections::{BTreeMap, VecDeque};
use xxhash_rust::xxh3::xxh3_128;

/// How many journeys of one key wait for each other under [`Reentry::Ignore`]: the first and the newest.
const MAX_WAITING: usize = 8;

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
            let may_wait = campaign.entry.reentry == Reentry::Ignore && state.active.len() > 1;
            if may_wait || state.active.iter().any(|journey| is_ripe(journey, moment)) {
                take_due_steps(state, campaign, person, moment, &mut actions);
            }
            let horizon = moment.now - campaign.entry.max_age;
            state.marks.retain(|mark| mark.at >= horizon);
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

impl InCampaign {
    /// Lets a journey in by the re-entry rule, unless an event that cancels it came before it.
    ///
    /// Under [`Reentry::Ignore`] what is ignored stays, waiting behind the journey that is under way: an event
    /// that is late may yet cancel the first and not the second.
    fn admit(&mut self, journey: Journey, campaign: &Campaign) {
        if self.marks.iter().any(|mark| mark.cancels(&journey)) {
            return;
        }
        let gone_on = |other: &Journey| other.step != journey.step && other.step != Journey::WAITING;
        match campaign.entry.reentry {
            Reentry::Each => {}
            // An entry that comes late does not stop a journey that has sent something.
            Reentry::Ignore => {
                let later = |other: &&Journey| other.key == journey.key && other.order() > journey.order();
                if self.active.iter().filter(later).any(gone_on) {
                    return;
                }
            }
            Reentry::Restart if self.active.iter().any(|other| replaces(other, &journey)) => return,
            Reentry::Restart => self.active.retain(|other| !replaces(&journey, other)),
        }
        let Err(at) = self.active.binary_search_by(|other| other.order().cmp(&journey.order())) else { return };
        self.active.insert(at, journey);
        if campaign.entry.reentry == Reentry::Ignore {
            self.bound_waiting(at);
        }
        if self.active.len() > MAX_ACTIVE {
            self.active.remove(0);
        }
    }

    /// Ends the journeys that an event cancels, and those behind them that began before it.
    fn cancel(&mut self, mark: &Mark) {
        let blocked = |journey: &&Journey| journey.step == Journey::WAITING;
        if self.active.iter().any(|journey| blocked(&journey)) {
            let ended = self.active.iter().filter(|journey| !blocked(journey) && mark.cancels(journey));
            let keys: Vec<String> = ended.map(|journey| journey.key.clone()).collect();
            self.active.retain(|journey| journey.entered_at > mark.at || !keys.contains(&journey.key));
        }
        self.active.retain(|journey| !mark.cancels(journey));
    }

    /// Of the journeys with the key of the one at `index`, keeps the first and the newest.
    fn bound_waiting(&mut self, index: usize) {
        let key = &self.active[index].key;
        let mut same = self.active.iter().enumerate().filter(|(_, other)| other.key == *key).map(|(at, _)| at);
        let second = same.by_ref().nth(1);
        if let Some(second) = second.filter(|_| same.count() + 2 > MAX_WAITING) {
            self.active.remove(second);
        }
    }
}

/// Whether a journey takes the place of another under [`Reentry::Restart`]: it began while that one waited.
fn replaces(later: &Journey, earlier: &Journey) -> bool {
    later.key == earlier.key && earlier.order() < later.order() && later.entered_at <= earlier.due_at
}

/// Whether the next step's time has come. A step without a wait has nothing to wait for, late events neither.
fn is_ripe(journey: &Journey, moment: Moment) -> bool {
    if journey.step == Journey::WAITING {
        return false;
    }
    let waited = journey.due_at > journey.entered_at;
    journey.due_at.saturating_add(if waited { moment.lateness } else { 0 }) <= moment.now
}

/// What becomes of a journey after its due steps.
enum Then {
    GoesOn,
    /// At this time, UTC ms.
    Ended(i64),
}

/// Takes the due steps of all journeys, first to last by entry. Under [`Reentry::Ignore`] the first of a key
/// goes on, and the others wait behind it; those that began before it ended go with it.
fn take_due_steps(
    state: &mut InCampaign,
    campaign: &Campaign,
    person: Key,
    moment: Moment,
    actions: &mut Vec<Action>,
) {
    let ignores = campaign.entry.reentry == Reentry::Ignore;
    let first_step = campaign.next_send(0).map_or(0, |(step, _)| step as u32);
    let mut rest = VecDeque::from(std::mem::take(&mut state.active));
    let mut ended: Vec<(String, i64)> = Vec::new();
    while let Some(mut journey) = rest.pop_front() {
        if ignores {
            if ended.iter().any(|(key, at)| *key == journey.key && journey.entered_at <= *at) {
                continue;
            }
            if state.active.iter().any(|other| other.key == journey.key) {
                journey.step = Journey::WAITING;
                state.active.push(journey);
                continue;
            }
            if journey.step == Journey::WAITING {
                journey.step = first_step;
            }
        }
        match take_steps(&mut journey, &state.marks, &rest, campaign, person, moment, actions) {
            Then::GoesOn => state.active.push(journey),
            Then::Ended(at) if ignores => ended.push((journey.key, at)),
            Then::Ended(_) => {}
        }
    }
}

/// Takes the due steps of one journey. `later` are those that were entered after it.
fn take_steps(
    journey: &mut Journey,
    marks: &[Mark],
    later: &VecDeque<Journey>,
    campaign: &Campaign,
    person: Key,
    moment: Moment,
    actions: &mut Vec<Action>,
) -> Then {
    while is_ripe(journey, moment) {
        // A newer version of the file may have fewer steps.
        let Some(Step::Send { name, .. }) = campaign.steps.get(journey.step as usize) else {
            return Then::Ended(journey.due_at);
        };
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
        let Some((step, wait)) = campaign.next_send(journey.step as usize + 1) else {
            return Then::Ended(journey.due_at);
        };
        journey.step = step as u32;
        journey.due_at = journey.due_at.saturating_add(wait);
        // What happened after the last step was due, and came before it was taken.
        if let Some(mark) = marks.iter().find(|mark| mark.cancels(journey)) {
            return Then::Ended(mark.at);
        }
        if campaign.entry.reentry == Reentry::Restart && later.iter().any(|other| replaces(other, journey)) {
            return Then::Ended(journey.due_at);
        }
    }
    Then::GoesOn
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
    let Ok(all) = serde_json::from_str::<BTreeMap<String, &RawValue>>(properties) else { return String::new() };
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
