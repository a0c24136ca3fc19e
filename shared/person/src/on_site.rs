//! Messages that wait on site for a person, and what became of them.
//!
//! Two bounded lists of facts, each of which stands for itself and never changes: that a message waits, and that it was
//! shown for the n-th time or dealt with. So any order of the events gives the same lists.

use event::wire::{Damaged, Reader, put_bytes, put_varint};
use event::{Event, Key, names};
use serde_json::{Value, json};

/// The name that consent, caps and events go by.
pub const ON_SITE: &str = "on_site";

/// How many waiting messages are kept: the newest.
pub(crate) const MAX_WAITING: usize = 4;
/// How many marks are kept: the newest.
pub(crate) const MAX_MARKS: usize = 32;
/// The longest that may be said of a waiting message, bytes.
pub const MAX_SAID: usize = 2_048;
/// Whose word is taken for a message that waits: sources with a public key could show people what they like.
const SENDER: &str = "deliver-messages";
/// In place of a number of times: the person clicked or closed it.
const ENDED: u8 = u8::MAX;

/// A message that waits, ordered by its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting<'a> {
    /// Since when, UTC ms.
    pub at: i64,
    pub action: Key,
    /// The text of a JSON object: what deliver-messages says of it.
    pub said: &'a str,
}

/// Something that became of a message, ordered by its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    /// UTC ms.
    pub at: i64,
    /// The first bytes of the action's id.
    action: [u8; 8],
    /// The number of the showing, or [`ENDED`].
    number: u8,
}

/// How often a message was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Showings {
    pub times: u8,
    /// When it was shown last, UTC ms.
    pub last: i64,
    /// Whether the person clicked or closed it.
    pub ended: bool,
}

impl<'a> Waiting<'a> {
    /// The message that an event says is waiting.
    pub(crate) fn of(event: &'a Event<'_>, members: &[(&'a str, &'a str)]) -> Option<Waiting<'a>> {
        let said = of(members, ON_SITE).filter(|said| said.starts_with('{') && said.len() <= MAX_SAID)?;
        let action = Key::parse(of(members, "action_id")?.trim_matches('"'))?;
        (event.source == SENDER).then_some(Waiting { at: event.happened_at, action, said })
    }
}

impl Mark {
    /// What an event says became of a message on site.
    pub fn of(event: &Event<'_>, members: &[(&str, &str)]) -> Option<Mark> {
        let number = match event.name.as_ref() {
            names::MESSAGE_SHOWN => of(members, "showing").and_then(|n| n.parse().ok()).unwrap_or(1),
            _ => ENDED,
        };
        let action = Key::parse(of(members, "action_id")?.trim_matches('"'))?;
        Some(Mark { at: event.happened_at, action: short(action), number })
    }
}

/// How often a message was shown, by its marks.
pub(crate) fn showings(marks: &[Mark], action: Key) -> Showings {
    let mut showings = Showings::default();
    for mark in marks.iter().filter(|mark| mark.action == short(action)) {
        match mark.number {
            ENDED => showings.ended = true,
            number => {
                showings.times = showings.times.max(number);
                showings.last = showings.last.max(mark.at);
            }
        }
    }
    showings
}

pub(crate) fn to_json(waiting: &[Waiting<'_>], marks: &[Mark]) -> Value {
    let one = |waiting: &Waiting<'_>| {
        let showings = showings(marks, waiting.action);
        json!({
            "at": waiting.at,
            "action_id": waiting.action.to_string(),
            "said": serde_json::from_str::<Value>(waiting.said).unwrap_or_default(),
            "shown": showings.times,
            "last_shown": (showings.times > 0).then_some(showings.last),
            "ended": showings.ended,
        })
    };
    waiting.iter().map(one).collect()
}

fn of<'m>(members: &[(&str, &'m str)], wanted: &str) -> Option<&'m str> {
    members.iter().find(|(name, _)| *name == wanted).map(|(_, text)| *text)
}

fn short(action: Key) -> [u8; 8] {
    let mut id = [0; 8];
    id.copy_from_slice(&action.0[..8]);
    id
}

pub(crate) fn encode_waiting(waiting: &[Waiting<'_>], out: &mut Vec<u8>, base: i64) {
    for one in waiting {
        put_varint(out, (base - one.at) as u64);
        out.extend_from_slice(&one.action.0);
        put_bytes(out, one.said.as_bytes());
    }
}

pub(crate) fn decode_waiting<'a>(
    waiting: &mut Vec<Waiting<'a>>,
    mut reader: Reader<'a>,
    base: i64,
) -> Result<(), Damaged> {
    while !reader.is_empty() {
        let at = base.wrapping_sub(reader.varint()? as i64);
        waiting.push(Waiting { at, action: Key(reader.array()?), said: reader.text()? });
    }
    Ok(())
}

pub(crate) fn encode_marks(marks: &[Mark], out: &mut Vec<u8>, base: i64) {
    for mark in marks {
        put_varint(out, (base - mark.at) as u64);
        out.extend_from_slice(&mark.action);
        out.push(mark.number);
    }
}

pub(crate) fn decode_marks(marks: &mut Vec<Mark>, mut reader: Reader<'_>, base: i64) -> Result<(), Damaged> {
    while !reader.is_empty() {
        let at = base.wrapping_sub(reader.varint()? as i64);
        marks.push(Mark { at, action: reader.array()?, number: reader.byte()? });
    }
    Ok(())
}
