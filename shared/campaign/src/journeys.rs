//! Where one person stands in every campaign.

use crate::journey::{Heard, Journey, Mark, Past};
use crate::port::Timer;
use event::wire::{Damaged, Reader, put_bytes, put_field, put_signed, put_varint};

/// How many journeys of one campaign one person is in at most: the newest.
pub(crate) const MAX_ACTIVE: usize = 200;

/// How many events that end journeys of one campaign are remembered for one person: the newest.
pub(crate) const MAX_MARKS: usize = 64;

/// How many events that steps of one campaign wait for are remembered for one person: the newest.
const MAX_HEARD: usize = 32;

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
}

/// One version of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InCampaign {
    pub campaign: String,
    /// 0 for what was stored before versions were kept: the one that lets people in.
    pub version: u32,
    /// Sorted by entry time.
    pub active: Vec<Journey>,
    /// Events that end journeys, remembered since an entry that happened before them may still arrive. Sorted by
    /// time.
    pub(crate) marks: Vec<Mark>,
    /// Events that steps wait for, remembered since a journey may come to such a step later. Sorted by time.
    pub(crate) heard: Vec<Heard>,
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

    pub(crate) fn has(&self, name: &str, version: u32) -> bool {
        self.place(name, version).is_ok()
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
    pub fn merge(&mut self, other: Journeys) {
        for theirs in other.campaigns {
            let own = self.campaign(&theirs.campaign, theirs.version);
            // A journey that went further comes first of two that are the same, and is the one that stays.
            own.active.extend(theirs.active);
            let progress = |journey: &Journey| (!journey.waiting, journey.step);
            own.active.sort_by(|a, b| a.order().cmp(&b.order()).then(progress(b).cmp(&progress(a))));
            own.active.dedup_by(|a, b| a.order() == b.order());
            theirs.marks.into_iter().for_each(|mark| own.mark(mark));
            theirs.heard.into_iter().for_each(|heard| own.hear(heard));
            theirs.past.into_iter().for_each(|past| own.pass(past));
            own.inside = own.inside.max(theirs.inside);
            // What the one did may cancel what the other is in.
            own.active.retain(|journey| !own.marks.iter().any(|mark| mark.ends(journey)));
            let surplus = own.active.len().saturating_sub(MAX_ACTIVE);
            own.active.drain(..surplus);
        }
    }

    /// The stored form; empty where there is nothing to remember.
    pub fn encode(&self) -> Vec<u8> {
        if self.campaigns.is_empty() {
            return Vec::new();
        }
        let entries: usize = self.campaigns.iter().map(|c| 2 + c.active.len() + c.marks.len()).sum();
        let mut out = Vec::with_capacity(32 * entries);
        if let Some(minute) = self.armed {
            put_field(&mut out, 1, |out| put_varint(out, u64::from(minute)));
        }
        for campaign in &self.campaigns {
            put_field(&mut out, 2, |out| campaign.encode(out));
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
                _ => {}
            }
        }
        Ok(journeys)
    }
}

impl InCampaign {
    pub(crate) fn mark(&mut self, mark: Mark) {
        insert_newest(&mut self.marks, mark, MAX_MARKS);
    }

    pub(crate) fn hear(&mut self, heard: Heard) {
        insert_newest(&mut self.heard, heard, MAX_HEARD);
    }

    pub(crate) fn pass(&mut self, past: Past) {
        insert_newest(&mut self.past, past, MAX_PAST);
    }

    /// Whether there is nothing to remember.
    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty()
            && self.marks.is_empty()
            && self.heard.is_empty()
            && self.past.is_empty()
            && self.inside.is_none()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_field(out, 1, |out| out.extend_from_slice(self.campaign.as_bytes()));
        for journey in &self.active {
            put_field(out, 2, |out| journey.encode(out));
        }
        for mark in &self.marks {
            put_field(out, if mark.goal { 4 } else { 3 }, |out| {
                put_signed(out, mark.at);
                if let Some(key) = &mark.key {
                    put_bytes(out, key.as_bytes());
                }
            });
        }
        for heard in &self.heard {
            put_field(out, 5, |out| {
                put_signed(out, heard.at);
                put_varint(out, u64::from(heard.awaited));
                if let Some(key) = &heard.key {
                    put_bytes(out, key.as_bytes());
                }
            });
        }
        for past in &self.past {
            put_field(out, 6, |out| {
                put_signed(out, past.entered_at);
                put_bytes(out, past.key.as_bytes());
            });
        }
        if self.version != 0 {
            put_field(out, 7, |out| put_varint(out, u64::from(self.version)));
        }
        if let Some(inside) = self.inside {
            put_field(out, 8, |out| out.push(u8::from(inside)));
        }
    }

    fn decode(mut reader: Reader<'_>) -> Result<InCampaign, Damaged> {
        let mut state = InCampaign::default();
        let key = |field: &mut Reader<'_>| -> Result<Option<String>, Damaged> {
            if field.is_empty() { Ok(None) } else { Ok(Some(field.text()?.to_owned())) }
        };
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                1 => state.campaign = field.rest_text()?.to_owned(),
                2 => state.active.push(Journey::decode(field)?),
                3 | 4 => {
                    state.marks.push(Mark { at: field.signed()?, key: key(&mut field)?, goal: tag == 4 });
                }
                5 => state.heard.push(Heard {
                    at: field.signed()?,
                    awaited: u32::try_from(field.varint()?).map_err(|_| Damaged)?,
                    key: key(&mut field)?,
                }),
                6 => {
                    state.past.push(Past { entered_at: field.signed()?, key: field.text()?.to_owned() });
                }
                7 => state.version = u32::try_from(field.varint()?).map_err(|_| Damaged)?,
                8 => state.inside = Some(field.byte()? != 0),
                _ => {}
            }
        }
        Ok(state)
    }
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
