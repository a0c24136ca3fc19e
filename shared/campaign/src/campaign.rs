//! A campaign as it runs, and all that are live, by the event names they want.

use crate::condition::Condition;
use crate::entry::{Entry, Trigger};
use crate::steps::Step;
use crate::{Lane, Limits};
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

    fn listens(&self) -> impl Iterator<Item = (&Listen, Role)> {
        let exits = self.exit_on.iter().enumerate().map(|(n, listen)| (listen, Role::Exit(n)));
        let goal = self.goal.iter().map(|listen| (listen, Role::Goal));
        let awaited = self.awaited.iter().enumerate().map(|(n, listen)| (listen, Role::Awaited(n)));
        exits.chain(goal).chain(awaited)
    }
}

/// What an event may do in a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Enter,
    /// Of that index.
    Exit(usize),
    Goal,
    /// Of that index.
    Awaited(usize),
}

/// All live campaigns, indexed by the names of the events that they want: an event pays only for those.
#[derive(Debug, Default)]
pub struct Campaigns {
    campaigns: Vec<Campaign>,
    /// By name, the versions from the highest down.
    by_name: HashMap<String, Vec<usize>>,
    by_event: HashMap<String, Vec<(usize, Role)>>,
    /// Of each, whether it is the version that lets people in.
    lets_in: Vec<bool>,
    /// Those that a segment lets into.
    segments: Vec<usize>,
}

impl Campaigns {
    /// The index over these campaigns. Of several versions the highest lets people in, the others let those finish
    /// who are inside. Of two that are the same in name and version the first counts; callers check across files.
    pub fn new(mut campaigns: Vec<Campaign>) -> Campaigns {
        campaigns.sort_by(|a, b| a.name.cmp(&b.name).then(b.version.cmp(&a.version)));
        campaigns.dedup_by(|a, b| (&a.name, a.version) == (&b.name, b.version));
        let mut live = Campaigns::default();
        for (index, campaign) in campaigns.iter().enumerate() {
            let versions = live.by_name.entry(campaign.name.clone()).or_default();
            versions.push(index);
            let lets_in = versions.len() == 1;
            live.lets_in.push(lets_in);
            for (listen, role) in campaign.listens() {
                live.by_event.entry(listen.event.clone()).or_default().push((index, role));
            }
            match &campaign.entry.trigger {
                Trigger::Event(trigger) if lets_in => {
                    live.by_event.entry(trigger.event.clone()).or_default().push((index, Role::Enter));
                }
                Trigger::Segment(_) if lets_in => live.segments.push(index),
                _ => {}
            }
        }
        live.campaigns = campaigns;
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

    /// What an event may do by its name, in which campaigns, and whether those let people in. What a program did in a
    /// reader's place does nothing.
    pub(crate) fn roles(&self, event: &Event<'_>) -> impl Iterator<Item = (&Campaign, Role, bool)> {
        let roles = if event.is_of_machine() { None } else { self.by_event.get(event.name.as_ref()) };
        let roles = roles.map(Vec::as_slice).unwrap_or_default();
        roles.iter().map(|(index, role)| (&self.campaigns[*index], *role, self.lets_in[*index]))
    }

    /// Whether taking the steps of any looks at profiles.
    pub fn look_at_profiles(&self) -> bool {
        self.campaigns.iter().any(Campaign::looks_at_profile)
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &Campaign> {
        self.segments.iter().map(|index| &self.campaigns[*index])
    }
}
