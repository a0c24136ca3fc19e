//! One person's events and timers against the live campaigns: who enters, who leaves, what is sent.
//!
//! Journeys run on event time. A step is due a wait after the entry event happened, and is taken once `now`
//! has passed that by the allowed lateness; what cancels it is an event that happened while it waited,
//! whenever that arrives before then, also before the entry itself.

use crate::action::{Action, ActionKind, Lane};
use crate::campaign::{Campaign, Campaigns, Listen, Role};
use crate::entry::{Existing, Reentry, SegmentTrigger, Trigger};
use crate::journey::{By, Journey, Meaning, Seen};
use crate::journeys::Journeys;
use crate::scope::{ProfileView, Scope};
use crate::steps::Walker;
use crate::take::{Taker, is_ripe};
use event::{Event, Key};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

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

/// A step's name in the action that reports a goal.
const GOAL: &str = "goal";

/// What a journey begins with.
struct Beginning<'b> {
    at: i64,
    /// What tells it from others that began at the same time.
    entry: u64,
    keys: Vec<String>,
    /// The properties of the entry event.
    properties: &'b str,
}

impl Journeys {
    /// Takes a person's new events in, then every step that is due; returns what to do, by priority. The order of
    /// the events does not matter.
    pub fn advance(
        &mut self,
        campaigns: &Campaigns,
        person: Key,
        fresh: &[&Event<'_>],
        profile: &ProfileView<'_>,
        moment: Moment,
    ) -> Vec<Action> {
        // All that ends or is awaited first: an entry of the same batch that happened before it then finds its mark.
        self.stand_still(campaigns, fresh, profile, moment);
        for event in of_people(fresh) {
            let scope = Scope::new(Some(event), profile, "");
            for campaign in campaigns.entered_by(&scope, &event.name) {
                self.enter(campaign, person, event, profile, moment);
            }
        }
        if !fresh.is_empty() {
            self.enter_segments(campaigns, person, fresh, profile, moment);
        }
        let mut actions = Vec::new();
        self.seen.retain(|seen| {
            campaigns.horizon(seen.rule).is_some_and(|horizon| seen.at >= moment.now - horizon)
        });
        let Journeys { campaigns: states, seen, .. } = self;
        for state in states {
            let live = campaigns.get(&state.campaign);
            if let Some(campaign) = campaigns.version(&state.campaign, state.version) {
                let taker = Taker { campaign, person, profile, seen, moment };
                let line_up = campaign.entry.reentry == Reentry::Ignore
                    && (state.active.len() > 1 || state.active.iter().any(|journey| journey.waiting));
                if line_up || state.active.iter().any(|journey| is_ripe(journey, moment)) {
                    taker.take_due_steps(state, &mut actions);
                }
                for (journey, at) in std::mem::take(&mut state.reached) {
                    actions.push(taker.action(&journey, ActionKind::Goal, GOAL, at));
                }
                let horizon = moment.now - campaign.entry.max_age;
                state.marks.retain(|(at, _)| *at >= horizon);
            } else {
                // The version is gone, and its journeys with it.
                state.active.clear();
                state.marks.clear();
            }
            let again = live.and_then(|live| Some((live.entry.again_after?, live.entry.max_age)));
            state.past.retain(|past| {
                again.is_some_and(|(span, max_age)| {
                    past.entered_at.saturating_add(span) >= moment.now - max_age
                })
            });
            if !live.is_some_and(|live| matches!(live.entry.trigger, Trigger::Segment(_))) {
                state.inside = None;
            }
        }
        self.campaigns.retain(|state| !state.is_empty());
        actions.sort_by_key(|action| std::cmp::Reverse(action.priority));
        actions
    }

    /// Begins a person's journeys in the campaigns whose segments they have come to belong to, as `fresh` events or a
    /// merge made of their profile; [`Journeys::advance`] does so for its own events.
    pub fn enter_segments(
        &mut self,
        campaigns: &Campaigns,
        person: Key,
        fresh: &[&Event<'_>],
        profile: &ProfileView<'_>,
        moment: Moment,
    ) {
        for campaign in campaigns.segments() {
            let Trigger::Segment(segment) = &campaign.entry.trigger else { continue };
            let touched = |section: &str| fresh.iter().any(|event| person::may_touch(event, section));
            if fresh.is_empty() || segment.when.sections().any(touched) {
                self.enter_segment(campaign, segment, person, fresh, profile, moment);
            }
        }
    }

    /// Takes the events in of somebody whose data may not be worked with: what ends a journey ends it, so that nothing is
    /// sent later that is out of date, and what one waits for is noted; none begins, and no step is taken.
    pub fn stand_still(
        &mut self,
        campaigns: &Campaigns,
        fresh: &[&Event<'_>],
        profile: &ProfileView<'_>,
        moment: Moment,
    ) {
        self.name_versions(campaigns);
        for event in of_people(fresh) {
            let scope = Scope::new(Some(event), profile, "");
            for (rule, listen) in campaigns.rules(&scope, &event.name) {
                let remember = event.happened_at >= moment.now - rule.horizon;
                self.listen(campaigns, listen, rule.id, remember, &scope, event.happened_at);
            }
        }
    }

    /// Begins a journey at a time that run-campaigns reckoned, which may be still to come.
    pub fn start(
        &mut self,
        campaign: &Campaign,
        person: Key,
        at: i64,
        profile: &ProfileView<'_>,
        moment: Moment,
    ) {
        let beginning =
            Beginning { at, entry: entry_of(campaign, at), keys: vec![String::new()], properties: "" };
        if self.may_begin(campaign, at, moment) && holds(&campaign.audience, &Scope::new(None, profile, "")) {
            self.begin(campaign, person, beginning, profile);
        }
    }

    /// Whether taking the steps that are due looks at the profile.
    pub fn look_at_profile(&self, campaigns: &Campaigns, moment: Moment) -> bool {
        self.campaigns.iter().any(|state| {
            campaigns.version(&state.campaign, state.version).is_some_and(Campaign::looks_at_profile)
                && state.active.iter().any(|journey| is_ripe(journey, moment))
        })
    }

    /// What was stored before versions were kept belongs to the version that lets people in.
    fn name_versions(&mut self, campaigns: &Campaigns) {
        let mut renamed = false;
        for state in self.campaigns.iter_mut().filter(|state| state.version == 0) {
            if let Some(live) = campaigns.get(&state.campaign) {
                state.version = live.version;
                renamed = true;
            }
        }
        if renamed {
            self.campaigns.sort_by(|a, b| (&a.campaign, a.version).cmp(&(&b.campaign, b.version)));
        }
    }

    /// Tells the journeys of an event that may fulfil a rule, and remembers it for those to come.
    fn listen(
        &mut self,
        campaigns: &Campaigns,
        listen: &Listen,
        rule: u64,
        remember: bool,
        scope: &Scope<'_>,
        at: i64,
    ) {
        if !holds(&listen.when, scope) {
            return;
        }
        let keys: Vec<Option<String>> = match &listen.key {
            None => vec![None],
            Some(key) => usable(key.texts(scope)).map(Some).collect(),
        };
        for key in keys {
            for state in &mut self.campaigns {
                let Some(campaign) = campaigns.version(&state.campaign, state.version) else { continue };
                for role in campaign.meanings(rule) {
                    let meaning = Meaning { at, role, key: key.as_deref() };
                    match role {
                        Role::Awaited(_) => state.tell(&meaning, campaign),
                        Role::Exit(_) | Role::Goal => state.end(&meaning, campaign),
                    }
                }
            }
            if remember {
                self.remember(Seen { at, rule, key });
            }
        }
    }

    fn enter(
        &mut self,
        campaign: &Campaign,
        person: Key,
        event: &Event<'_>,
        profile: &ProfileView<'_>,
        moment: Moment,
    ) {
        let (Some(trigger), at) = (campaign.entry.event(), event.happened_at) else { return };
        if !self.may_begin(campaign, at, moment) {
            return;
        }
        let scope = Scope::new(Some(event), profile, "");
        if !holds(&trigger.when, &scope) || !holds(&campaign.audience, &scope) {
            return;
        }
        let keys = match &trigger.key {
            None => vec![String::new()],
            Some(key) => usable(key.texts(&scope)).collect(),
        };
        let beginning = Beginning { at, entry: event.hash.0, keys, properties: &event.properties };
        self.begin(campaign, person, beginning, profile);
    }

    fn enter_segment(
        &mut self,
        campaign: &Campaign,
        segment: &SegmentTrigger,
        person: Key,
        fresh: &[&Event<'_>],
        profile: &ProfileView<'_>,
        moment: Moment,
    ) {
        let scope = Scope::new(None, profile, "");
        let inside = segment.when.holds(&scope);
        let before = self.versions(&campaign.name).find_map(|state| state.inside);
        let was_inside = before.unwrap_or_else(|| match segment.existing {
            Existing::Enter => false,
            Existing::Skip => inside && !profile.is_new(fresh.len()),
        });
        // Who is outside need not be remembered where that is what is taken for granted.
        let remembered = Some(inside).filter(|inside| *inside || segment.existing == Existing::Skip);
        if remembered != before {
            self.versions(&campaign.name).for_each(|state| state.inside = None);
            if remembered.is_some() {
                self.campaign(&campaign.name, campaign.version).inside = remembered;
            }
        }
        let at = fresh.iter().map(|event| event.happened_at).max().unwrap_or(moment.now);
        if inside && !was_inside && self.may_begin(campaign, at, moment) && holds(&campaign.audience, &scope)
        {
            let beginning =
                Beginning { at, entry: entry_of(campaign, at), keys: vec![String::new()], properties: "" };
            self.begin(campaign, person, beginning, profile);
        }
    }

    fn may_begin(&self, campaign: &Campaign, at: i64, moment: Moment) -> bool {
        campaign.runs_at(at) && at >= moment.now - campaign.entry.max_age
    }

    fn begin(
        &mut self,
        campaign: &Campaign,
        person: Key,
        beginning: Beginning<'_>,
        profile: &ProfileView<'_>,
    ) {
        // Looked at last, since a part of the profile may be read for it that nothing else asks for.
        if campaign.lane == Lane::Marketing && profile.refuses_analytics() {
            return;
        }
        for key in beginning.keys {
            let walker = Walker { person, key: &key, profile };
            let Some(stop) = campaign.walk(0, beginning.at, walker) else { continue };
            let journey = Journey {
                entered_at: beginning.at,
                entry: beginning.entry,
                step: stop.step as u32,
                since: stop.since,
                due_at: stop.due_at,
                by: By::Time,
                waiting: false,
                kept: kept(&campaign.entry.keep, beginning.properties),
                key,
            };
            if self.makes_way(&journey, campaign) {
                let seen = std::mem::take(&mut self.seen);
                self.campaign(&campaign.name, campaign.version).admit(journey, campaign, &seen);
                self.seen = seen;
            }
        }
    }

    /// Whether journeys in earlier versions let a new one begin; those that give way to it end.
    fn makes_way(&mut self, journey: &Journey, campaign: &Campaign) -> bool {
        for state in self.versions(&campaign.name).filter(|state| state.version != campaign.version) {
            let under_way = state.active.iter().any(|other| other.key == journey.key);
            if state.is_too_soon(journey, campaign)
                || (under_way && campaign.entry.reentry == Reentry::Ignore)
            {
                return false;
            }
            if campaign.entry.reentry == Reentry::Restart {
                state.active.retain(|other| !crate::reentry::replaces(journey, other));
            }
        }
        true
    }
}

/// What a program did in a reader's place begins, ends and continues nothing.
fn of_people<'e>(fresh: &'e [&'e Event<'e>]) -> impl Iterator<Item = &'e Event<'e>> {
    fresh.iter().copied().filter(|event| !event.is_of_machine())
}

fn holds(condition: &Option<crate::Condition>, scope: &Scope<'_>) -> bool {
    condition.as_ref().is_none_or(|condition| condition.holds(scope))
}

/// What tells an entry of a campaign that no event began.
fn entry_of(campaign: &Campaign, at: i64) -> u64 {
    xxh3_64(format!("{}@{at}", campaign.name).as_bytes())
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
