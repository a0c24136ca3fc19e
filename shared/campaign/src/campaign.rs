//! A campaign as it runs, and all that are live, by the event names they want.

use crate::condition::Condition;
use crate::{Lane, Limits, Message};
use event::Event;
use foldhash::HashMap;
use serde::Deserialize;

/// One campaign, checked and compiled.
#[derive(Debug)]
pub struct Campaign {
    /// Unique; lower-case letters, digits and hyphens.
    pub name: String,
    pub description: String,
    pub version: u32,
    pub lane: Lane,
    /// Entry events that happened from `starts` on and before `ends` count, UTC ms.
    pub starts: Option<i64>,
    pub ends: Option<i64>,
    pub entry: Entry,
    /// Who may enter; asked again before each message.
    pub audience: Option<Condition>,
    pub cancel_on: Vec<Cancel>,
    pub steps: Vec<Step>,
    pub limits: Limits,
}

/// What lets a person in.
#[derive(Debug)]
pub struct Entry {
    pub event: String,
    pub when: Option<Condition>,
    /// What tells one journey of a person from another.
    pub key: Option<Condition>,
    /// Properties of the entry event that messages may use.
    pub keep: Vec<String>,
    /// An event that happened longer ago than this lets nobody in, ms.
    pub max_age: i64,
    pub reentry: Reentry,
}

/// What a further entry event does while a journey of the same key is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reentry {
    /// Nothing: the journey goes on from its first event.
    #[default]
    Ignore,
    /// The journey begins anew.
    Restart,
    /// It begins a journey of its own.
    Each,
}

/// What ends a journey before its time.
#[derive(Debug)]
pub struct Cancel {
    pub event: String,
    pub when: Option<Condition>,
    /// Ends journeys of these keys only; of every key where there is none.
    pub key: Option<Condition>,
}

/// One step.
#[derive(Debug)]
pub enum Step {
    /// Waits for a time span, ms.
    Wait(i64),
    Send {
        name: String,
        message: Box<Message>,
    },
}

impl Campaign {
    /// The message of a step.
    pub fn message(&self, step: &str) -> Option<&Message> {
        self.steps.iter().find_map(|s| match s {
            Step::Send { name, message } if name == step => Some(message.as_ref()),
            _ => None,
        })
    }

    /// Walks the waits from a step on: the next step that sends, and how long after.
    pub(crate) fn next_send(&self, from: usize) -> Option<(usize, i64)> {
        let mut wait = 0;
        for (index, step) in self.steps.iter().enumerate().skip(from) {
            match step {
                Step::Wait(ms) => wait += ms,
                Step::Send { .. } => return Some((index, wait)),
            }
        }
        None
    }

    /// Whether an entry event of that time falls into the campaign's run.
    pub fn runs_at(&self, at: i64) -> bool {
        self.starts.is_none_or(|starts| at >= starts) && self.ends.is_none_or(|ends| at < ends)
    }
}

/// What an event may do in a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Enter,
    /// By the cancel rule of that index.
    Cancel(usize),
}

/// All live campaigns, indexed by the names of the events that they want: an event pays only for those.
#[derive(Debug, Default)]
pub struct Campaigns {
    campaigns: Vec<Campaign>,
    by_name: HashMap<String, usize>,
    by_event: HashMap<String, Vec<(usize, Role)>>,
}

impl Campaigns {
    /// The index over these campaigns. Of two with the same name the first is live; callers check names
    /// across files.
    pub fn new(campaigns: Vec<Campaign>) -> Campaigns {
        let mut live = Campaigns::default();
        for campaign in campaigns {
            if live.by_name.contains_key(&campaign.name) {
                continue;
            }
            let index = live.campaigns.len();
            live.by_name.insert(campaign.name.clone(), index);
            let cancels =
                campaign.cancel_on.iter().enumerate().map(|(n, c)| (c.event.clone(), Role::Cancel(n)));
            for (event, role) in cancels.chain([(campaign.entry.event.clone(), Role::Enter)]) {
                live.by_event.entry(event).or_default().push((index, role));
            }
            live.campaigns.push(campaign);
        }
        live
    }

    pub fn get(&self, name: &str) -> Option<&Campaign> {
        self.by_name.get(name).map(|index| &self.campaigns[*index])
    }

    pub fn iter(&self) -> impl Iterator<Item = &Campaign> {
        self.campaigns.iter()
    }

    /// Whether any campaign could want an event.
    pub fn wants(&self, event: &Event<'_>) -> bool {
        self.by_event.contains_key(event.name.as_ref())
    }

    pub(crate) fn roles(&self, event_name: &str) -> impl Iterator<Item = (&Campaign, Role)> {
        let roles = self.by_event.get(event_name).map(Vec::as_slice).unwrap_or_default();
        roles.iter().map(|(index, role)| (&self.campaigns[*index], *role))
    }
}
