//! Whom run-campaigns selects, and how it tells evaluate-triggers.

use crate::entry::Trigger;
use crate::scope::{ProfileView, Scope};
use crate::{Campaign, Lane};
use event::{Key, PortError};
use person::Stored;
use serde::{Deserialize, Serialize};

/// What a campaign looks for in everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// One time (UTC ms), the same for all: who is in the audience enters as of then.
    At(i64),
    /// Who has a time of their own from `from` on and before `until`, UTC ms.
    Within { from: i64, until: i64 },
}

impl Campaign {
    /// When a person enters, UTC ms, by a calendar, a date of theirs or a silence; never by an event or a segment, and
    /// never outside the audience. `profile` carries the time zone of who told none.
    pub fn selects(&self, profile: &ProfileView<'_>, span: Span) -> Vec<i64> {
        let mut times = match (span, &self.entry.trigger) {
            (_, Trigger::Event(_) | Trigger::Segment(_)) => return Vec::new(),
            (Span::At(at), _) => vec![at],
            (Span::Within { from, until }, Trigger::Schedule(schedule)) => {
                schedule.between(&profile.zone(), from, until)
            }
            (Span::Within { from, until }, Trigger::Date(date)) => date.between(profile, from, until),
            (Span::Within { from, until }, Trigger::Inactive(silence)) => {
                silence.between(profile, from, until).into_iter().collect()
            }
        };
        times.retain(|at| self.runs_at(*at));
        let in_audience = || {
            let scope = Scope::new(None, profile, "");
            self.audience.as_ref().is_none_or(|audience| audience.holds(&scope))
        };
        let may_enter = || self.lane == Lane::Service || !profile.refuses_analytics();
        if times.is_empty() || !in_audience() || !may_enter() {
            return Vec::new();
        }
        times
    }
}

/// People whose journeys in one campaign are to begin: a message from run-campaigns to evaluate-triggers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Starts {
    pub campaign: String,
    pub starts: Vec<StartsAt>,
}

/// Those of them who begin at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartsAt {
    /// UTC ms.
    pub at: i64,
    #[serde(with = "keys")]
    pub people: Vec<Key>,
}

impl Starts {
    /// How many people one message names at most.
    pub const MAX_PEOPLE: usize = 1_000;

    /// Messages for these people and times, as few as [`Starts::MAX_PEOPLE`] allows.
    pub fn of(campaign: &str, mut selected: Vec<(i64, Key)>) -> Vec<Starts> {
        selected.sort_unstable();
        selected.dedup();
        let messages = selected.chunks(Starts::MAX_PEOPLE).map(|chunk| {
            let groups = chunk.chunk_by(|a, b| a.0 == b.0).map(|group| StartsAt {
                at: group[0].0,
                people: group.iter().map(|(_, person)| *person).collect(),
            });
            Starts { campaign: campaign.to_owned(), starts: groups.collect() }
        });
        messages.collect()
    }

    /// How many people it names.
    pub fn len(&self) -> usize {
        self.starts.iter().map(|group| group.people.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message's text, a JSON object.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("keys and numbers are written as JSON")
    }

    /// Reads what [`Starts::to_text`] wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Starts> {
        serde_json::from_str(text).ok()
    }
}

/// The queue from run-campaigns to evaluate-triggers.
#[allow(async_fn_in_trait)]
pub trait StartQueue {
    /// Puts all; what is put twice begins nothing twice.
    async fn put(&self, starts: &[Starts]) -> Result<(), PortError>;
}

/// How far run-campaigns has come, in small rows by name.
#[allow(async_fn_in_trait)]
pub trait RunStore {
    async fn load(&self, name: &str) -> Result<Option<Stored>, PortError>;
    /// Writes a row on the condition that its version is still `version`, 0 where there was none; whether it was.
    async fn write(&self, name: &str, version: u64, row: &[u8]) -> Result<bool, PortError>;
}

/// Keys as text, with commas between.
mod keys {
    use super::Key;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;
    use std::fmt::Write;

    pub fn serialize<S: Serializer>(keys: &[Key], out: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(33 * keys.len());
        for key in keys {
            let comma = if text.is_empty() { "" } else { "," };
            let _ = write!(text, "{comma}{key}");
        }
        out.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Key>, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        let key = |text: &str| Key::parse(text).ok_or_else(|| D::Error::custom("no person's key"));
        text.split(',').filter(|text| !text.is_empty()).map(key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_bounded_and_read_back() {
        let key = |n: u32| Key(u128::from(n).to_be_bytes());
        let selected: Vec<(i64, Key)> = (0..2_500).map(|n| (i64::from(n / 1_200), key(n))).collect();
        let messages = Starts::of("spring", selected.iter().rev().chain(&selected).copied().collect());
        assert_eq!(messages.iter().map(Starts::len).collect::<Vec<_>>(), [1_000, 1_000, 500]);
        let times: Vec<Vec<i64>> =
            messages.iter().map(|message| message.starts.iter().map(|group| group.at).collect()).collect();
        assert_eq!(times, [vec![0], vec![0, 1], vec![1, 2]]);
        let read: Vec<(i64, Key)> = messages
            .iter()
            .map(|message| Starts::parse(&message.to_text()).unwrap())
            .flat_map(|message| message.starts)
            .flat_map(|group| group.people.into_iter().map(move |person| (group.at, person)))
            .collect();
        assert_eq!(read, selected);
        let text = messages[2].to_text();
        assert!(
            text.starts_with(
                r#"{"campaign":"spring","starts":[{"at":1,"people":"000000000000000000000000000007d0,"#
            ),
            "{text}"
        );
        for other in
            ["", "00000000000000000000000000000001", r#"{"campaign":"x","starts":[{"at":1,"people":"1"}]}"#]
        {
            assert_eq!(Starts::parse(other), None, "{other}");
        }
    }
}
