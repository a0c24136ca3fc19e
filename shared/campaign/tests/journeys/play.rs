//! Plays events and timers of one person in the order in which a clock would bring them.

use campaign::{Action, Campaign, Campaigns, Journeys, Moment, ProfileView, Templates};
use event::{Event, Identifier, IdentifierKind, Identifiers, Key, MINUTE};
use person::Profile;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// 2026-11-22T10:00:00Z.
pub const T0: i64 = 1_795_341_600_000;
pub const PERSON: Key = Key([7; 16]);

pub fn campaign(yaml: &str) -> Campaign {
    let templates = Templates::new([("t.txt".to_owned(), "Hello".to_owned())]).unwrap();
    Campaign::parse(yaml.trim_start(), &templates).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

/// An event with a message id of its own.
pub fn event(name: &str, properties: &str, at: i64) -> Event<'static> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    event_with_id(NEXT.fetch_add(1, Ordering::Relaxed), name, properties, at)
}

pub fn event_with_id(id: u64, name: &str, properties: &str, at: i64) -> Event<'static> {
    let mut identifiers = Identifiers::default();
    identifiers.insert(Identifier { kind: IdentifierKind::User, key: PERSON });
    let mut event = Event::reported(format!("m{id}"), "", identifiers, at, properties.to_owned(), "web");
    event.name = Cow::Owned(name.to_owned());
    event
}

pub fn view(product: &str, at: i64) -> Event<'static> {
    event("Product Viewed", &format!(r#"{{"product_id":"{product}","name":"x","price":25}}"#), at)
}

pub fn buy(products: &[&str], at: i64) -> Event<'static> {
    event("Order Completed", &order(products), at)
}

pub fn order(products: &[&str]) -> String {
    let lines: Vec<String> = products.iter().map(|id| format!(r#"{{"product_id":"{id}"}}"#)).collect();
    format!(r#"{{"products":[{}]}}"#, lines.join(","))
}

/// One person, one campaign, a clock, and what came of it.
pub struct Play {
    pub campaigns: Campaigns,
    /// Journeys as they are stored between visits.
    pub stored: Vec<u8>,
    /// When each action was queued.
    pub actions: Vec<(i64, Action)>,
    arrivals: Vec<(i64, Event<'static>)>,
    applied: Vec<Event<'static>>,
    timers: BTreeSet<u32>,
}

impl Play {
    /// How long a step waits for late events.
    pub const LATENESS: i64 = MINUTE;

    pub fn new(yaml: &str) -> Play {
        Play {
            campaigns: Campaigns::new(vec![campaign(yaml)]),
            stored: Vec::new(),
            actions: Vec::new(),
            arrivals: Vec::new(),
            applied: Vec::new(),
            timers: BTreeSet::new(),
        }
    }

    /// Has an event arrive at a time.
    pub fn arrive(mut self, at: i64, event: Event<'static>) -> Play {
        self.arrivals.push((at, event));
        self
    }

    /// Lets the clock run until nothing is left, and a month more.
    pub fn run(self) -> Play {
        let last = self.arrivals.iter().map(|(at, _)| *at).max().unwrap_or(T0);
        self.run_until(last + 31 * event::DAY)
    }

    pub fn run_until(mut self, end: i64) -> Play {
        self.arrivals.sort_by_key(|(at, _)| *at);
        let mut arrivals = std::mem::take(&mut self.arrivals).into_iter().peekable();
        loop {
            let timer = self.timers.first().map(|minute| i64::from(*minute) * MINUTE);
            let arrival = arrivals.peek().map(|(at, _)| *at);
            let Some(now) = timer.into_iter().chain(arrival).min().filter(|now| *now <= end) else { break };
            if arrival == Some(now) {
                let (_, event) = arrivals.next().unwrap();
                self.visit(now, &[event], None);
            } else {
                let minute = self.timers.pop_first().unwrap();
                self.visit(now, &[], Some(minute));
            }
        }
        self.visit(end, &[], Some((end / MINUTE) as u32));
        self.arrivals = arrivals.collect();
        self
    }

    /// Loads, advances and stores, as evaluate-triggers does.
    pub fn visit(&mut self, now: i64, fresh: &[Event<'static>], fired: Option<u32>) {
        self.applied.extend_from_slice(fresh);
        let mut profile = Profile::default();
        for event in &self.applied {
            profile.apply(event);
        }
        let mut journeys = Journeys::decode(&self.stored).unwrap();
        let view = ProfileView::new(&profile, now);
        let moment = Moment { now, lateness: Self::LATENESS };
        let fresh: Vec<&Event> = fresh.iter().collect();
        let actions = journeys.advance(&self.campaigns, PERSON, &fresh, &view, moment);
        self.actions.extend(actions.into_iter().map(|action| (now, action)));
        self.timers.extend(journeys.arm(fired, Self::LATENESS));
        self.stored = journeys.encode();
    }

    /// When, which step and for which key.
    pub fn sent(&self) -> Vec<(i64, &str, String)> {
        self.actions.iter().map(|(at, action)| (*at, action.step.as_str(), action.key.clone())).collect()
    }
}

/// The steps in the order in which they were sent.
pub fn sent(play: &Play) -> Vec<&str> {
    play.actions.iter().map(|(_, action)| action.step.as_str()).collect()
}
