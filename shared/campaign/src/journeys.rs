//! Where one person stands in every campaign.

use crate::campaign::{Campaign, Campaigns, Role};
use crate::journey::{Journey, Meaning, Past, Seen};
use crate::port::Timer;
use event::wire::{Damaged, Reader, put_bytes, put_field, put_signed, put_varint};

/// How many journeys of one campaign one person is in at most: the newest.
pub(crate) const MAX_ACTIVE: usize = 200;

/// How many events that fulfilled one rule are remembered for one person, and how many of all rules: the newest.
const MAX_SEEN_OF_RULE: usize = 64;
const MAX_SEEN: usize = 512;

/// How many entries of one campaign are remembered for one person, where it lets in again only after a time.
const MAX_PAST: usize = 64;

/// How far apart the clocks of two machines may be.
const CLOCK_SKEW_MINUTES: u32 = 2;

/// A person's journeys by campaign, and the timer that is set for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Journeys {
    /// The minute of the earliest timer that is set.
    pub(crate) armed: Option<u32>,
    /// Sorted by campaign and version.
    pub(crate) campaigns: Vec<InCampaign>,
    /// Events that end journeys or that steps wait for, remembered since an entry that happened before them may still
    /// arrive, and since a journey may come to such a step later. Sorted by time.
    pub(crate) seen: Vec<Seen>,
}

/// One version of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InCampaign {
    pub campaign: String,
    /// 0 for what was stored before versions were kept: the one that lets people in.
    pub version: u32,
    /// Sorted by entry time.
    pub active: Vec<Journey>,
    /// Events that end journeys, by time and key, as they were remembered before campaigns shared their rules.
    pub(crate) marks: Vec<(i64, Option<String>)>,
    /// Entries whose journeys sent something, where the campaign lets in again only after a time.
    pub(crate) past: Vec<Past>,
    /// Whether the person belongs to the segment that lets in, as they were last looked at.
    pub(crate) inside: Option<bool>,
    /// Journeys that reached the goal in this visit: not stored.
    pub(crate) reached: Vec<(Journey, i64)>,
}

impl Journeys {
    /// The campaigns in which the person is, or was lately.
    pub fn campaigns(&self) -> &[InCampaign] {
        &self.campaigns
    }

    fn place(&self, name: &str, version: u32) -> Result<usize, usize> {
        self.campaigns.binary_search_by(|c| (c.campaign.as_str(), c.version).cmp(&(name, version)))
    }

    /// What is known of the person in a version of a campaign; begun where it is nothing.
    pub(crate) fn campaign(&mut self, name: &str, version: u32) -> &mut InCampaign {
        let at = self.place(name, version).unwrap_or_else(|at| {
            self.campaigns
                .insert(at, InCampaign { campaign: name.to_owned(), version, ..Default::default() });
            at
        });
        &mut self.campaigns[at]
    }

    /// The versions of a campaign that the person is in.
    pub(crate) fn versions(&mut self, name: &str) -> impl Iterator<Item = &mut InCampaign> {
        self.campaigns.iter_mut().filter(move |state| state.campaign == name)
    }

    /// Sees to it that a timer is set for the next step. `fired` is the minute up to which timers are gone;
    /// one of the next two minutes is not relied on either, since the clock that fired it may have been ahead
    /// of the one that tells `fired`. Returns the minute of a timer to set, if the ones that are set do not do.
    pub fn arm(&mut self, fired: Option<u32>, lateness: i64) -> Option<u32> {
        self.armed = self
            .armed
            .filter(|armed| fired.is_none_or(|fired| *armed > fired.saturating_add(CLOCK_SKEW_MINUTES)));
        let minute = Timer::minute_of(self.next_due()?.saturating_add(lateness));
        if self.armed.is_some_and(|armed| armed <= minute) {
            return None;
        }
        self.armed = Some(minute);
        self.armed
    }

    /// Sees to it that a timer is set for `minute`, whenever the next step is due; `None` where there is none.
    pub fn arm_again(&mut self, minute: u32) -> Option<u32> {
        self.armed = self.next_due().map(|_| minute);
        self.armed
    }

    /// When the next step of any journey is due.
    fn next_due(&self) -> Option<i64> {
        let journeys = self.campaigns.iter().flat_map(|c| &c.active);
        journeys.filter(|journey| !journey.waiting).map(|journey| journey.due_at).min()
    }

    /// Adds the journeys of a person who was merged into this one.
    pub fn merge(&mut self, other: Journeys, campaigns: &Campaigns) {
        other.seen.into_iter().for_each(|seen| self.remember(seen));
        for theirs in other.campaigns {
            let own = self.campaign(&theirs.campaign, theirs.version);
            // A journey that went further comes first of two that are the same, and is the one that stays.
            own.active.extend(theirs.active);
            let progress = |journey: &Journey| (!journey.waiting, journey.step);
            own.active.sort_by(|a, b| a.order().cmp(&b.order()).then(progress(b).cmp(&progress(a))));
            own.active.dedup_by(|a, b| a.order() == b.order());
            own.marks.extend(theirs.marks);
            own.marks.sort_unstable();
            theirs.past.into_iter().for_each(|past| own.pass(past));
            own.inside = own.inside.max(theirs.inside);
        }
        // What the one did may end what the other is in.
        let Journeys { campaigns: states, seen, .. } = self;
        for state in states {
            if let Some(campaign) = campaigns.version(&state.campaign, state.version) {
                let InCampaign { active, marks, .. } = state;
                active
                    .retain(|journey| !meanings(marks, seen, campaign).any(|meaning| meaning.ends(journey)));
            }
            let surplus = state.active.len().saturating_sub(MAX_ACTIVE);
            state.active.drain(..surplus);
        }
    }

    /// Remembers an event that fulfilled a rule.
    pub(crate) fn remember(&mut self, seen: Seen) {
        let Err(at) = self.seen.binary_search(&seen) else { return };
        let rule = seen.rule;
        self.seen.insert(at, seen);
        let mut same = (0..).zip(&self.seen).filter(|(_, seen)| seen.rule == rule).map(|(at, _)| at);
        let oldest = same.next();
        if let Some(oldest) = oldest.filter(|_| same.count() >= MAX_SEEN_OF_RULE) {
            self.seen.remove(oldest);
        } else if self.seen.len() > MAX_SEEN {
            self.seen.remove(0);
        }
    }

    /// The stored form; empty where there is nothing to remember.
    pub fn encode(&self) -> Vec<u8> {
        if self.campaigns.is_empty() && self.seen.is_empty() {
            return Vec::new();
        }
        let entries: usize = self.campaigns.iter().map(|c| 2 + c.active.len() + c.marks.len()).sum();
        let mut out = Vec::with_capacity(32 * (entries + self.seen.len()));
        if let Some(minute) = self.armed {
            put_field(&mut out, 1, |out| put_varint(out, u64::from(minute)));
        }
        for campaign in &self.campaigns {
            put_field(&mut out, 2, |out| campaign.encode(out));
        }
        for seen in &self.seen {
            put_field(&mut out, 3, |out| {
                put_signed(out, seen.at);
                out.extend_from_slice(&seen.rule.to_le_bytes());
                put_key(out, seen.key.as_deref());
            });
        }
        out
    }

    /// Reads what [`Journeys::encode`] wrote; nothing stored is nothing remembered.
    pub fn decode(bytes: &[u8]) -> Result<Journeys, Damaged> {
        let mut journeys = Journeys::default();
        let mut reader = Reader::new(bytes);
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                1 => journeys.armed = Some(field.varint()? as u32),
                2 => journeys.campaigns.push(InCampaign::decode(field)?),
                3 => journeys.seen.push(Seen {
                    at: field.signed()?,
                    rule: u64::from_le_bytes(field.array()?),
                    key: key(&mut field)?,
                }),
                _ => {}
            }
        }
        Ok(journeys)
    }
}

impl InCampaign {
    /// Entries that something was sent for, where the campaign lets in again only after a time: the key, and when it was,
    /// UTC ms.
    pub fn past(&self) -> impl Iterator<Item = (&str, i64)> + Clone {
        self.past.iter().map(|past| (past.key.as_str(), past.entered_at))
    }

    pub(crate) fn pass(&mut self, past: Past) {
        insert_newest(&mut self.past, past, MAX_PAST);
    }

    /// Whether there is nothing to remember.
    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty() && self.marks.is_empty() && self.past.is_empty() && self.inside.is_none()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_field(out, 1, |out| out.extend_from_slice(self.campaign.as_bytes()));
        for journey in &self.active {
            put_field(out, 2, |out| journey.encode(out));
        }
        for (at, key) in &self.marks {
            put_field(out, 3, |out| {
                put_signed(out, *at);
                put_key(out, key.as_deref());
            });
        }
        for past in &self.past {
            put_field(out, 4, |out| {
                put_signed(out, past.entered_at);
                put_bytes(out, past.key.as_bytes());
            });
        }
        if self.version != 0 {
            put_field(out, 5, |out| put_varint(out, u64::from(self.version)));
        }
        if let Some(inside) = self.inside {
            put_field(out, 6, |out| out.push(u8::from(inside)));
        }
    }

    fn decode(mut reader: Reader<'_>) -> Result<InCampaign, Damaged> {
        let mut state = InCampaign::default();
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                1 => state.campaign = field.rest_text()?.to_owned(),
                2 => state.active.push(Journey::decode(field)?),
                3 => state.marks.push((field.signed()?, key(&mut field)?)),
                4 => {
                    state.past.push(Past { entered_at: field.signed()?, key: field.text()?.to_owned() });
                }
                5 => state.version = u32::try_from(field.varint()?).map_err(|_| Damaged)?,
                6 => state.inside = Some(field.byte()? != 0),
                _ => {}
            }
        }
        Ok(state)
    }
}

/// What the remembered events mean to a campaign, of those that mean something.
pub(crate) fn meanings<'m>(
    marks: &'m [(i64, Option<String>)],
    seen: &'m [Seen],
    campaign: &'m Campaign,
) -> impl Iterator<Item = Meaning<'m>> {
    let old = marks.iter().map(|(at, key)| Meaning { at: *at, role: Role::Exit(0), key: key.as_deref() });
    let shared = seen.iter().flat_map(|seen| {
        let meaning = |role| Meaning { at: seen.at, role, key: seen.key.as_deref() };
        campaign.meanings(seen.rule).map(meaning)
    });
    old.chain(shared)
}

fn put_key(out: &mut Vec<u8>, key: Option<&str>) {
    if let Some(key) = key {
        put_bytes(out, key.as_bytes());
    }
}

fn key(field: &mut Reader<'_>) -> Result<Option<String>, Damaged> {
    if field.is_empty() { Ok(None) } else { Ok(Some(field.text()?.to_owned())) }
}

/// Inserts into a sorted list, once, and drops the oldest beyond a number.
fn insert_newest<T: Ord>(list: &mut Vec<T>, item: T, at_most: usize) {
    if let Err(at) = list.binary_search(&item) {
        list.insert(at, item);
        if list.len() > at_most {
            list.remove(0);
        }
    }
}
