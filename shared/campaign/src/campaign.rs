//! A campaign as it runs, and all that are live, by the event names they want.

use crate::condition::Condition;
use crate::entry::{Entry, Trigger};
use crate::rules::{Rule, Wanted};
use crate::scope::Scope;
use crate::steps::Step;
use crate::{Lane, Limits, Utm};
use event::Event;
use foldhash::HashMap;

/// One campaign, checked and compiled.
#[derive(Debug)]
pub struct Campaign {
    /// Unique but for its earlier versions; lower-case letters, digits and hyphens.
    pub name: String,
    pub description: String,
    /// Counted up with each change that people who are inside should not see: they finish the one they entered.
    pub version: u32,
    pub lane: Lane,
    /// Which of several messages goes first where one person's caps do not allow all; the higher the earlier.
    pub priority: u8,
    /// Entries of times from `starts` on and before `ends` count, UTC ms.
    pub starts: Option<i64>,
    pub ends: Option<i64>,
    pub entry: Entry,
    /// Who may enter; asked again before each message.
    pub audience: Option<Condition>,
    /// Events that end a journey before its time.
    pub exit_on: Vec<Listen>,
    /// Asked before each step: who fulfils it leaves.
    pub exit_when: Option<Condition>,
    /// What the campaign is for: it ends the journey, and is counted.
    pub goal: Option<Listen>,
    /// What steps wait for.
    pub awaited: Vec<Listen>,
    pub steps: Vec<Step>,
    pub limits: Limits,
    /// What its links are marked with, where that is not as the deployment says.
    pub utm: Option<Utm>,
    /// The rules by which it listens, and what an event means that fulfils one.
    pub(crate) rules: Vec<(u64, Role)>,
}

/// An event that means something to the journeys under way.
#[derive(Debug)]
pub struct Listen {
    pub event: String,
    pub when: Option<Condition>,
    /// Means journeys of these keys only; those of every key where there is none.
    pub key: Option<Condition>,
}

impl Campaign {
    /// The priority of a campaign that states none.
    pub const PRIORITY: u8 = 50;

    /// Whether an entry of that time falls into the campaign's run.
    pub fn runs_at(&self, at: i64) -> bool {
        self.starts.is_none_or(|starts| at >= starts) && self.ends.is_none_or(|ends| at < ends)
    }

    /// The same with its rules named.
    pub(crate) fn with_rules(mut self) -> Campaign {
        let exits = self.exit_on.iter().enumerate().map(|(n, listen)| (listen, Role::Exit(n)));
        let goal = self.goal.iter().map(|listen| (listen, Role::Goal));
        let awaited = self.awaited.iter().enumerate().map(|(n, listen)| (listen, Role::Awaited(n)));
        // The goal first: of what is both, it counts.
        self.rules = goal.chain(exits).chain(awaited).map(|(listen, role)| (listen.rule(), role)).collect();
        self
    }

    pub(crate) fn listen(&self, role: Role) -> Option<&Listen> {
        match role {
            Role::Exit(at) => self.exit_on.get(at),
            Role::Goal => self.goal.as_ref(),
            Role::Awaited(at) => self.awaited.get(at),
        }
    }
}

/// What an event means to the journeys of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Of that index.
    Exit(usize),
    Goal,
    /// Of that index.
    Awaited(usize),
}

/// All live campaigns, indexed by the names of the events that they want, and by the property that they ask to equal a
/// text: an event pays only for those.
#[derive(Debug, Default)]
pub struct Campaigns {
    campaigns: Vec<Campaign>,
    /// Of each, whether it is the version that lets people in.
    lets_in: Vec<bool>,
    /// By name, the versions from the highest down.
    by_name: HashMap<String, Vec<usize>>,
    rules: Vec<Rule>,
    /// By the event's name, rules and then campaigns that it lets into.
    by_event: HashMap<String, (Wanted, Wanted)>,
    /// Those that a segment lets into.
    segments: Vec<usize>,
    /// How long events are remembered by their rules, ms.
    horizons: HashMap<u64, i64>,
}

impl Campaigns {
    /// The index over these campaigns. Of several versions the highest lets people in, the others let those finish
    /// who are inside. Of two that are the same in name and version the first counts; callers check across files.
    pub fn new(mut campaigns: Vec<Campaign>) -> Campaigns {
        campaigns.sort_by(|a, b| a.name.cmp(&b.name).then(b.version.cmp(&a.version)));
        campaigns.dedup_by(|a, b| (&a.name, a.version) == (&b.name, b.version));
        let mut live = Campaigns { campaigns, ..Campaigns::default() };
        let mut places: HashMap<u64, usize> = HashMap::default();
        for (index, campaign) in live.campaigns.iter().enumerate() {
            let versions = live.by_name.entry(campaign.name.clone()).or_default();
            versions.push(index);
            let lets_in = versions.len() == 1;
            live.lets_in.push(lets_in);
            for (id, role) in &campaign.rules {
                let Some(listen) = campaign.listen(*role) else { continue };
                let horizon = campaign.entry.max_age;
                let place = *places.entry(*id).or_insert_with(|| {
                    let (wanted, _) = live.by_event.entry(listen.event.clone()).or_default();
                    wanted.add(live.rules.len(), listen.when.as_ref().and_then(Condition::asks_to_equal));
                    live.rules.push(Rule { id: *id, of: (index, *role), horizon });
                    live.rules.len() - 1
                });
                live.rules[place].horizon = live.rules[place].horizon.max(horizon);
            }
            match &campaign.entry.trigger {
                Trigger::Event(trigger) if lets_in => {
                    let (_, wanted) = live.by_event.entry(trigger.event.clone()).or_default();
                    wanted.add(index, trigger.when.as_ref().and_then(Condition::asks_to_equal));
                }
                Trigger::Segment(_) if lets_in => live.segments.push(index),
                _ => {}
            }
        }
        live.horizons = live.rules.iter().map(|rule| (rule.id, rule.horizon)).collect();
        live
    }

    /// The version that lets people in.
    pub fn get(&self, name: &str) -> Option<&Campaign> {
        self.by_name.get(name).map(|versions| &self.campaigns[versions[0]])
    }

    /// A version; the one that lets people in where it is 0, as those have it who entered before versions were kept.
    pub fn version(&self, name: &str, version: u32) -> Option<&Campaign> {
        if version == 0 {
            return self.get(name);
        }
        let versions = self.by_name.get(name)?.iter().map(|index| &self.campaigns[*index]);
        versions.into_iter().find(|campaign| campaign.version == version)
    }

    /// Those that let people in, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Campaign> {
        self.campaigns.iter().zip(&self.lets_in).filter_map(|(campaign, live)| live.then_some(campaign))
    }

    /// All versions of all, by name, the highest first.
    pub fn all(&self) -> impl Iterator<Item = &Campaign> {
        self.campaigns.iter()
    }

    /// Whether any campaign could want an event. Who enters segments wants them all, but for what programs did in a
    /// reader's place.
    pub fn wants(&self, event: &Event<'_>) -> bool {
        if event.is_of_machine() {
            return false;
        }
        !self.segments.is_empty() || self.by_event.contains_key(event.name.as_ref())
    }

    /// The rules that an event may fulfil, with a listener of each.
    pub(crate) fn rules<'c>(
        &'c self,
        scope: &Scope<'_>,
        name: &str,
    ) -> impl Iterator<Item = (&'c Rule, &'c Listen)> {
        let places = self.by_event.get(name).map(|(rules, _)| rules.places(scope)).unwrap_or_default();
        places.into_iter().filter_map(|place| {
            let rule = &self.rules[place];
            Some((rule, self.campaigns[rule.of.0].listen(rule.of.1)?))
        })
    }

    /// The campaigns that an event may let into.
    pub(crate) fn entered_by<'c>(
        &'c self,
        scope: &Scope<'_>,
        name: &str,
    ) -> impl Iterator<Item = &'c Campaign> {
        let places = self.by_event.get(name).map(|(_, entries)| entries.places(scope)).unwrap_or_default();
        places.into_iter().map(|place| &self.campaigns[place])
    }

    /// How long an event that fulfilled a rule is remembered, ms; `None` where nobody listens by it.
    pub(crate) fn horizon(&self, rule: u64) -> Option<i64> {
        self.horizons.get(&rule).copied()
    }

    /// Whether taking the steps of any looks at profiles.
    pub fn look_at_profiles(&self) -> bool {
        self.campaigns.iter().any(Campaign::looks_at_profile)
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &Campaign> {
        self.segments.iter().map(|index| &self.campaigns[*index])
    }
}
