//! The profile: the state that a person's events fold into.

use crate::affinity::Affinity;
use crate::channels::ChannelState;
use crate::counters::Counter;
use crate::dedupe::{DedupeWindow, RefundsSeen};
use crate::devices::OwnedDevice;
use crate::fold::PRODUCT_CELLS;
use crate::links::{Origin, Refused};
use crate::on_site::{self, Mark, Showings, Waiting};
use crate::orders::Orders;
use crate::recent::Recent;
use crate::service::{COMPLAINT, Case};
use crate::sessions::Session;
use crate::touches::Touch;
use crate::traits::Trait;
use event::{Identifier, IdentifierKind, Identifiers, Key};

/// All that is known of one person, about 1 KB in wire form. It borrows its texts from the blob it was read
/// from and the events that were folded in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile<'a> {
    /// Whatever the person is known by, strongest first.
    pub identifiers: Vec<Identifier>,
    /// Of each of them, the event that linked it; nothing where that was before it was kept.
    pub(crate) origins: Vec<Option<Origin<'a>>>,
    /// Identifiers that came with the person's events but are not theirs, strongest first.
    pub refused: Vec<Refused<'a>>,
    /// The person is never joined with whom these identifiers belong to, strongest first.
    pub separated: Vec<Identifier>,
    /// How many events were folded in.
    pub events: u64,
    /// When the first and last of them happened, UTC ms.
    pub first_seen: i64,
    pub last_seen: i64,
    /// By name: what was said last.
    pub traits: Vec<Trait<'a>>,
    /// By name: what was said first of those that were to be set once; see [`Profile::attributes`].
    pub(crate) once: Vec<Trait<'a>>,
    pub counters: Vec<Counter<'a>>,
    pub sessions: Vec<Session>,
    pub dwell: Dwell,
    pub orders: Orders,
    pub categories: Affinity<'a>,
    pub brands: Affinity<'a>,
    pub products: Affinity<'a>,
    pub first_touch: Option<Touch<'a>>,
    /// Newest first.
    pub touches: Vec<Touch<'a>>,
    pub channels: Vec<ChannelState<'a>>,
    pub devices: Vec<OwnedDevice<'a>>,
    pub cases: Vec<Case<'a>>,
    /// Newest first.
    pub recent: Vec<Recent<'a>>,
    /// Messages that wait on site, newest first.
    pub waiting: Vec<Waiting<'a>>,
    /// What became of such messages, newest first.
    pub(crate) marks: Vec<Mark>,
    pub window: DedupeWindow,
    pub(crate) refunds: RefundsSeen,
    /// Fields of a later release, kept as they are.
    pub(crate) unknown: Vec<(u8, &'a [u8])>,
}

/// Time spent on single things, as events report it: how many looks were short (under a minute), medium
/// (up to five) and long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dwell {
    pub short: u64,
    pub medium: u64,
    pub long: u64,
}

impl Dwell {
    pub(crate) fn add(&mut self, ms: i64) {
        match ms {
            ..60_000 => self.short += 1,
            60_000..=300_000 => self.medium += 1,
            _ => self.long += 1,
        }
    }
}

impl<'a> Profile<'a> {
    /// Forgets everything but keeps its memory, to be filled again.
    pub fn clear(&mut self) {
        self.identifiers.clear();
        self.origins.clear();
        self.refused.clear();
        self.separated.clear();
        (self.events, self.first_seen, self.last_seen) = (0, 0, 0);
        self.traits.clear();
        self.once.clear();
        self.counters.clear();
        self.sessions.clear();
        self.dwell = Dwell::default();
        self.orders.clear();
        for affinity in [&mut self.categories, &mut self.brands, &mut self.products] {
            affinity.clear();
        }
        self.first_touch = None;
        self.touches.clear();
        self.channels.clear();
        self.devices.clear();
        self.cases.clear();
        self.recent.clear();
        self.waiting.clear();
        self.marks.clear();
        self.window.clear();
        self.refunds.clear();
        self.unknown.clear();
    }

    /// Whether a deployment's user id is among the identifiers.
    pub fn is_known(&self) -> bool {
        self.identifiers.first().is_some_and(|id| id.kind == IdentifierKind::User)
    }

    /// The identifier that the person's id is the hash of: what names them in an event. Alone, so that such an
    /// event does not depend on what else was known of them by then.
    pub fn strongest(&self) -> Identifiers {
        let mut strongest = Identifiers::default();
        self.identifiers.iter().take(1).for_each(|identifier| strongest.insert(*identifier));
        strongest
    }

    /// The counter of an event name.
    pub fn counter(&self, name: &str) -> Option<&Counter<'a>> {
        self.counters.binary_search_by(|counter| counter.name.cmp(name)).ok().map(|at| &self.counters[at])
    }

    /// The trait of a name: what was said last, else what was set once.
    pub fn attribute(&self, name: &str) -> Option<&Trait<'a>> {
        let of = |list: &'_ [Trait<'a>]| list.binary_search_by(|t| t.name.cmp(name)).ok();
        of(&self.traits).map(|at| &self.traits[at]).or_else(|| of(&self.once).map(|at| &self.once[at]))
    }

    /// All traits, by name.
    pub fn attributes(&self) -> Vec<&Trait<'a>> {
        let is_set = |once: &&Trait<'a>| self.traits.binary_search_by(|t| t.name.cmp(once.name)).is_ok();
        let mut all: Vec<&Trait<'a>> =
            self.once.iter().filter(|once| !is_set(once)).chain(&self.traits).collect();
        all.sort_unstable_by_key(|t| t.name);
        all
    }

    /// The products that the person met last, with the interest in each at `now` (UTC ms), highest first.
    pub fn favourite_products(&self, now: i64) -> Vec<(&'a str, f64)> {
        self.products.scores(now, PRODUCT_CELLS)
    }

    /// The person's time zone, an IANA name, where an event told it.
    pub fn timezone(&self) -> Option<&'a str> {
        Some(self.attribute("timezone")?.value.trim_matches('"'))
    }

    /// How often a message that waits on site was shown.
    pub fn showings(&self, action: Key) -> Showings {
        on_site::showings(&self.marks, action)
    }

    /// Whether a complaint is open, during which there is no marketing.
    pub fn open_complaint(&self) -> bool {
        self.cases.iter().any(|case| case.kind == COMPLAINT && case.is_open())
    }
}
