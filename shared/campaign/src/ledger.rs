//! The ledger: what became of every action, and the caps that are counted with it.

use crate::{Caps, Reason, Sends};
use event::wire::{Damaged, Reader, put_field, put_signed, put_text};
use event::{Key, PortError};

/// What became of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The action's id, the key of the entry.
    pub action: Key,
    /// The person as they were known when it was decided: after a merge, the one merged into.
    pub person: Key,
    pub campaign: String,
    pub step: String,
    /// The name that consent and caps go by: `email`, `sms`, `push`, `on_site`, or a webhook's name.
    pub channel: String,
    pub state: LedgerState,
    /// Why, where it was refused.
    pub reason: Option<Reason>,
    /// When it came into this state, UTC ms.
    pub at: i64,
    /// When the action was due, UTC ms; for a held one, when it is decided on again.
    pub due_at: i64,
    /// The person's calendar day (days since 1970-01-01) whose cap it counts against, if any.
    pub capped_on: Option<i32>,
    /// The channel's own id of what was sent; empty where it gave none.
    pub receipt: String,
    /// What there is to say beyond the reason: where a template failed, what a channel answered. No personal
    /// data.
    pub detail: String,
    /// What was chosen for the person, [`crate::Chosen::to_json`]; empty where there was nothing to choose.
    pub creative: Box<str>,
}

/// How far an action has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum LedgerState {
    /// About to be sent; if nothing follows, nobody knows whether it was.
    Claimed = 1,
    /// The channel took it. Final.
    Sent = 2,
    /// Decided against. Final.
    Refused = 3,
    /// Put off; it is decided on again.
    Held = 4,
    /// It may have been sent. Never sent again; a person finds out and settles it.
    Unknown = 5,
}

impl LedgerState {
    /// The state as it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            LedgerState::Claimed => "claimed",
            LedgerState::Sent => "sent",
            LedgerState::Refused => "refused",
            LedgerState::Held => "held",
            LedgerState::Unknown => "unknown",
        }
    }

    fn from_code(code: u8) -> Option<LedgerState> {
        use LedgerState::*;
        [Claimed, Sent, Refused, Held, Unknown].into_iter().find(|state| *state as u8 == code)
    }
}

/// A wish to write an entry for an action that has none yet, or a held one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// In state claimed, refused or held.
    pub entry: LedgerEntry,
    /// What a claimed entry is counted against, on its `capped_on` day.
    pub caps: Caps,
}

/// The answer to a [`Claim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The entry is written, and counted.
    Yes,
    /// The action was dealt with before, or is being dealt with: nothing changed.
    AlreadyThere(LedgerEntry),
    /// A cap is reached: the entry is written as refused for this reason, and counted nowhere.
    OverCap(Reason),
}

/// Keeps the entries and the cap counters. [`Claim::admit`] and [`LedgerEntry::settled_by`] hold the rules;
/// an implementation gives them what is stored and writes what they answer.
#[allow(async_fn_in_trait)]
pub trait Ledger {
    /// Claims in order, each seeing what those before it wrote; all in one durable commit, or where the
    /// store has none, each atomically. The answers stand in the order of the claims.
    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, PortError>;
    /// Writes what became of claimed entries. Repeating it changes nothing.
    async fn settle(&self, outcomes: &[LedgerEntry]) -> Result<(), PortError>;
    async fn get(&self, action: Key) -> Result<Option<LedgerEntry>, PortError>;
    /// What counts against the caps of a person.
    async fn sends(&self, person: Key) -> Result<Sends, PortError>;
    /// The entries still in state claimed since before a time, UTC ms.
    async fn claimed_before(&self, at: i64) -> Result<Vec<LedgerEntry>, PortError>;
}

impl Claim {
    /// What a claim comes to, given the entry that is stored and what was sent to its person: the answer, and the
    /// entry to write. A written entry that [`LedgerEntry::counts`] is among `sends` now, which are to be written
    /// with it.
    pub fn admit(&self, stored: Option<&LedgerEntry>, sends: &mut Sends) -> (Claimed, Option<LedgerEntry>) {
        if let Some(stored) = stored
            && stored.state != LedgerState::Held
        {
            return (Claimed::AlreadyThere(stored.clone()), None);
        }
        let mut entry = self.entry.clone();
        let day = entry.capped_on.filter(|_| entry.counts());
        let broken = day.and_then(|day| self.caps.broken_by(sends, &entry.channel, day, entry.at));
        match broken {
            Some(reason) => {
                entry.state = LedgerState::Refused;
                entry.reason = Some(reason);
                entry.capped_on = None;
                (Claimed::OverCap(reason), Some(entry))
            }
            None => {
                if day.is_some() {
                    sends.add(&entry);
                }
                (Claimed::Yes, Some(entry))
            }
        }
    }
}

/// What a settled entry comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The entry to write.
    pub entry: LedgerEntry,
    /// Whether the stored entry no longer counts ([`Sends::give_back`]), since nothing was sent.
    pub gives_back: bool,
}

impl LedgerEntry {
    /// Whether the entry counts against a cap.
    pub fn counts(&self) -> bool {
        self.capped_on.is_some() && self.state != LedgerState::Refused && self.state != LedgerState::Held
    }

    /// What `outcome` makes of this stored entry. `None` where it is final or not claimed: it stays.
    pub fn settled_by(&self, outcome: &LedgerEntry) -> Option<Settlement> {
        use LedgerState::*;
        let allowed = match self.state {
            Claimed => outcome.state != Claimed,
            // A sender that was slow rather than dead, or the person who found out.
            Unknown => matches!(outcome.state, Sent | Refused),
            Sent | Refused | Held => false,
        };
        allowed.then(|| {
            let mut entry = LedgerEntry { capped_on: self.capped_on, ..outcome.clone() };
            let gives_back = self.counts() && !entry.counts();
            if gives_back {
                entry.capped_on = None;
            }
            Settlement { entry, gives_back }
        })
    }

    /// The entry in wire form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        put_field(&mut out, 1, |out| out.extend_from_slice(&self.action.0));
        put_field(&mut out, 2, |out| out.extend_from_slice(&self.person.0));
        put_text(&mut out, 3, &self.campaign);
        put_text(&mut out, 4, &self.step);
        put_text(&mut out, 5, &self.channel);
        put_field(&mut out, 6, |out| out.push(self.state as u8));
        put_text(&mut out, 7, self.reason.map_or("", Reason::as_str));
        put_field(&mut out, 8, |out| {
            put_signed(out, self.at);
            put_signed(out, self.due_at);
        });
        if let Some(day) = self.capped_on {
            put_field(&mut out, 9, |out| put_signed(out, i64::from(day)));
        }
        put_text(&mut out, 10, &self.receipt);
        put_text(&mut out, 11, &self.detail);
        put_text(&mut out, 12, &self.creative);
        out
    }

    /// Reads what [`LedgerEntry::encode`] wrote. A reason of a later release is passed over; a state of
    /// one is damage, since nothing safe can be done with it.
    pub fn decode(bytes: &[u8]) -> Result<LedgerEntry, Damaged> {
        let mut entry = LedgerEntry {
            action: Key::default(),
            person: Key::default(),
            campaign: String::new(),
            step: String::new(),
            channel: String::new(),
            state: LedgerState::Unknown,
            reason: None,
            at: 0,
            due_at: 0,
            capped_on: None,
            receipt: String::new(),
            detail: String::new(),
            creative: Box::default(),
        };
        let mut reader = Reader::new(bytes);
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                1 => entry.action = Key(field.array()?),
                2 => entry.person = Key(field.array()?),
                3 => entry.campaign = field.rest_text()?.to_owned(),
                4 => entry.step = field.rest_text()?.to_owned(),
                5 => entry.channel = field.rest_text()?.to_owned(),
                6 => entry.state = LedgerState::from_code(field.byte()?).ok_or(Damaged)?,
                7 => entry.reason = Reason::parse(field.rest_text()?),
                8 => {
                    entry.at = field.signed()?;
                    entry.due_at = field.signed()?;
                }
                9 => entry.capped_on = i32::try_from(field.signed()?).ok(),
                10 => entry.receipt = field.rest_text()?.to_owned(),
                11 => entry.detail = field.rest_text()?.to_owned(),
                12 => entry.creative = field.rest_text()?.into(),
                _ => {}
            }
        }
        Ok(entry)
    }
}
