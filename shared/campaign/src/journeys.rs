//! Where one person stands in every campaign.

use crate::port::Timer;
use event::wire::{Damaged, Reader, put_bytes, put_field, put_signed, put_varint};

/// How many journeys of one campaign one person is in at most: the newest.
pub(crate) const MAX_ACTIVE: usize = 200;

/// How many cancelling events of one campaign are remembered for one person: the newest.
pub(crate) const MAX_MARKS: usize = 64;

/// How far apart the clocks of two machines may be.
const CLOCK_SKEW_MINUTES: u32 = 2;

/// A person's journeys by campaign, and the timer that is set for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Journeys {
    /// The minute of the earliest timer that is set.
    pub(crate) armed: Option<u32>,
    /// Sorted by campaign.
    pub(crate) campaigns: Vec<InCampaign>,
}

/// One campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InCampaign {
    pub campaign: String,
    /// Sorted by entry time.
    pub active: Vec<Journey>,
    /// Events that cancel, remembered since an entry that happened before them may still arrive. Sorted by time.
    pub(crate) marks: Vec<Mark>,
}

/// One way through one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// What it is keyed by; empty where the campaign has no key.
    pub key: String,
    /// When its entry event happened, UTC ms.
    pub entered_at: i64,
    /// The hash of the entry event's message id.
    pub entry: u64,
    /// The index of the step to take next, or [`Journey::WAITING`], and when it is due, UTC ms.
    pub step: u32,
    pub due_at: i64,
    /// What the campaign keeps of the entry event, JSON text.
    pub kept: String,
}

/// A cancelling event: its time, and the key it cancels; every journey's where there is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub at: i64,
    pub key: Option<String>,
}

impl Journey {
    /// In place of a step: another journey of the same key is under way, and this one counts only if that one
    /// turns out to have been cancelled before this one began.
    pub const WAITING: u32 = u32::MAX;

    /// What journeys of a campaign are sorted by, and what tells them apart.
    pub(crate) fn order(&self) -> (i64, u64, &str) {
        (self.entered_at, self.entry, &self.key)
    }
}

impl Mark {
    /// Whether it cancels a journey while it waits: it happened between its entry and the due time.
    pub(crate) fn cancels(&self, journey: &Journey) -> bool {
        (journey.entered_at..=journey.due_at).contains(&self.at)
            && self.key.as_ref().is_none_or(|key| *key == journey.key)
    }
}

impl Journeys {
    /// The campaigns in which the person is, or was lately.
    pub fn campaigns(&self) -> &[InCampaign] {
        &self.campaigns
    }

    pub(crate) fn campaign(&mut self, name: &str) -> &mut InCampaign {
        let at = match self.campaigns.binary_search_by(|c| c.campaign.as_str().cmp(name)) {
            Ok(at) => at,
            Err(at) => {
                let new = InCampaign { campaign: name.to_owned(), active: Vec::new(), marks: Vec::new() };
                self.campaigns.insert(at, new);
                at
            }
        };
        &mut self.campaigns[at]
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

    /// When the next step of any journey is due.
    fn next_due(&self) -> Option<i64> {
        let journeys = self.campaigns.iter().flat_map(|c| &c.active);
        journeys.filter(|journey| journey.step != Journey::WAITING).map(|journey| journey.due_at).min()
    }

    /// Adds the journeys of a person who was merged into this one.
    pub fn merge(&mut self, other: Journeys) {
        for theirs in other.campaigns {
            let own = self.campaign(&theirs.campaign);
            // A journey that went further comes first of two that are the same, and is the one that stays.
            own.active.extend(theirs.active);
            own.active.sort_by(|a, b| a.order().cmp(&b.order()).then(b.step.cmp(&a.step)));
            own.active.dedup_by(|a, b| a.order() == b.order());
            theirs.marks.into_iter().for_each(|mark| own.mark(mark));
            // What the one did may cancel what the other is in.
            own.active.retain(|journey| !own.marks.iter().any(|mark| mark.cancels(journey)));
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
        if let Err(at) = self.marks.binary_search(&mark) {
            self.marks.insert(at, mark);
            if self.marks.len() > MAX_MARKS {
                self.marks.remove(0);
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_field(out, 1, |out| out.extend_from_slice(self.campaign.as_bytes()));
        for journey in &self.active {
            put_field(out, 2, |out| {
                put_signed(out, journey.entered_at);
                put_signed(out, journey.due_at - journey.entered_at);
                out.extend_from_slice(&journey.entry.to_le_bytes());
                put_varint(out, u64::from(journey.step));
                put_bytes(out, journey.key.as_bytes());
                put_bytes(out, journey.kept.as_bytes());
            });
        }
        for mark in &self.marks {
            put_field(out, 3, |out| {
                put_signed(out, mark.at);
                if let Some(key) = &mark.key {
                    put_bytes(out, key.as_bytes());
                }
            });
        }
    }

    fn decode(mut reader: Reader<'_>) -> Result<InCampaign, Damaged> {
        let mut campaign = InCampaign { campaign: String::new(), active: Vec::new(), marks: Vec::new() };
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                1 => campaign.campaign = field.rest_text()?.to_owned(),
                2 => {
                    let entered_at = field.signed()?;
                    campaign.active.push(Journey {
                        entered_at,
                        due_at: entered_at.wrapping_add(field.signed()?),
                        entry: u64::from_le_bytes(field.array()?),
                        step: field.varint()? as u32,
                        key: field.text()?.to_owned(),
                        kept: field.text()?.to_owned(),
                    });
                }
                3 => {
                    let at = field.signed()?;
                    let key = if field.is_empty() { None } else { Some(field.text()?.to_owned()) };
                    campaign.marks.push(Mark { at, key });
                }
                _ => {}
            }
        }
        Ok(campaign)
    }
}
