//! What was sent to one person lately, as caps count it.

use crate::LedgerEntry;
use crate::caps::Rolling;
use event::Key;
use event::wire::{Damaged, Reader, put_field, put_signed};

/// The messages to one person that count against caps: those of the last [`Rolling::MAX_WINDOW`], through all channels.
/// One small row a person, so that one condition on one row holds every cap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sends {
    /// In the order in which they were claimed.
    sends: Vec<Send>,
    /// In whose row it is counted since the person was merged into them; nothing is counted in this one then.
    moved: Option<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Send {
    /// The first bytes of the action's id; none where only their number is known.
    action: Option<[u8; 8]>,
    /// UTC ms.
    at: i64,
    /// The person's calendar day, days since 1970-01-01.
    day: i32,
    channel: String,
}

impl Sends {
    /// How many merges one after the other are followed.
    pub const MAX_HOPS: usize = 8;

    /// The most messages that are remembered, the latest: more than any sensible cap allows.
    pub const MAX: usize = 512;

    /// Messages through the channels that `of` picks, on calendar days from one to another, both included.
    pub fn on_days(&self, of: impl Fn(&str) -> bool, first: i32, last: i32) -> u32 {
        let within = |send: &&Send| (first..=last).contains(&send.day) && of(&send.channel);
        self.sends.iter().filter(within).count() as u32
    }

    /// Messages through the channels that `of` picks, later than a time, UTC ms.
    pub fn after(&self, of: impl Fn(&str) -> bool, at: i64) -> u32 {
        self.sends.iter().filter(|send| send.at > at && of(&send.channel)).count() as u32
    }

    /// The channels that messages went through, in alphabetical order.
    pub fn channels(&self) -> Vec<&str> {
        let mut channels: Vec<&str> = self.sends.iter().map(|send| send.channel.as_str()).collect();
        channels.sort_unstable();
        channels.dedup();
        channels
    }

    /// When the latest was sent, UTC ms.
    pub fn latest(&self) -> Option<i64> {
        self.sends.iter().map(|send| send.at).max()
    }

    pub fn is_empty(&self) -> bool {
        self.sends.is_empty()
    }

    /// Whose row counts for the person of this one, since they were merged.
    pub fn moved(&self) -> Option<Key> {
        self.moved
    }

    /// The row of somebody who was merged: it names whose row counts for them from now on.
    pub fn moved_to(person: Key) -> Sends {
        Sends { sends: Vec::new(), moved: Some(person) }
    }

    /// Counts also what was sent to somebody who turned out to be the same person. What is counted in both, counts once.
    pub fn join(&mut self, other: &Sends) {
        let is_there =
            |send: &Send| send.action.is_some() && self.sends.iter().any(|own| own.action == send.action);
        let new: Vec<Send> = other.sends.iter().filter(|send| !is_there(send)).cloned().collect();
        self.sends.extend(new);
        self.sends.sort_by_key(|send| send.at);
        let over = self.sends.len().saturating_sub(Self::MAX);
        self.sends.drain(..over);
    }

    /// Counts a claimed entry, on its `capped_on` day.
    pub(crate) fn add(&mut self, entry: &LedgerEntry) {
        let Some(day) = entry.capped_on else { return };
        self.sends.retain(|send| send.at > entry.at.saturating_sub(Rolling::MAX_WINDOW));
        let action = Some(id_of(entry.action));
        self.sends.push(Send { action, at: entry.at, day, channel: entry.channel.clone() });
        let over = self.sends.len().saturating_sub(Self::MAX);
        self.sends.drain(..over);
    }

    /// Counts messages of which an earlier release kept the number alone. They are taken for sent at the end of the
    /// day (UTC), which holds a window's cap rather a little longer.
    pub fn add_counted(&mut self, channel: &str, day: i32, count: u32) {
        let at = (i64::from(day) + 1) * event::DAY;
        let send = Send { action: None, at, day, channel: channel.to_owned() };
        self.sends.extend(std::iter::repeat_n(send, (count as usize).min(Self::MAX)));
    }

    /// No longer counts an entry that was counted; whether it was.
    pub fn give_back(&mut self, entry: &LedgerEntry) -> bool {
        let id = id_of(entry.action);
        let is_it = |send: &Send| send.action == Some(id);
        let may_be = |send: &Send| {
            send.action.is_none() && Some(send.day) == entry.capped_on && send.channel == entry.channel
        };
        let place = self.sends.iter().position(is_it).or_else(|| self.sends.iter().position(may_be));
        place.map(|place| self.sends.remove(place)).is_some()
    }

    /// The row in wire form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32 * self.sends.len());
        for send in &self.sends {
            put_field(&mut out, 1, |out| {
                out.extend_from_slice(&send.action.unwrap_or_default());
                put_signed(out, send.at);
                put_signed(out, i64::from(send.day));
                out.extend_from_slice(send.channel.as_bytes());
            });
        }
        if let Some(person) = self.moved {
            put_field(&mut out, 2, |out| out.extend_from_slice(&person.0));
        }
        out
    }

    /// Reads what [`Sends::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Sends, Damaged> {
        let mut read = Sends::default();
        let mut reader = Reader::new(bytes);
        while let Some((tag, mut field)) = reader.field()? {
            match tag {
                1 => {
                    let action: [u8; 8] = field.array()?;
                    read.sends.push(Send {
                        action: Some(action).filter(|action| *action != [0; 8]),
                        at: field.signed()?,
                        day: i32::try_from(field.signed()?).map_err(|_| Damaged)?,
                        channel: field.rest_text()?.to_owned(),
                    });
                }
                2 => read.moved = Some(Key(field.array()?)),
                _ => {}
            }
        }
        Ok(read)
    }
}

fn id_of(action: Key) -> [u8; 8] {
    let mut id = [0; 8];
    id.copy_from_slice(&action.0[..8]);
    id
}
