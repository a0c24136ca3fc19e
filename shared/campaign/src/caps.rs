//! How many messages a person may get.

use crate::sends::Sends;
use crate::{Lane, Reason, parse_duration};
use event::DAY;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most messages to a person, of some channel or of all; `None` is no cap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cap {
    /// On one of their calendar days.
    pub per_day: Option<u32>,
    /// On seven of their calendar days, today the last of them.
    pub per_week: Option<u32>,
    /// In any span of time that long, whatever the calendar says.
    pub rolling: Rolling,
}

/// Caps by the length of the window, ms, as a file writes them: `{ 24h: 2, 7d: 5 }`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, u32>")]
pub struct Rolling(pub BTreeMap<i64, u32>);

/// The caps that hold for a message: on its own channel, and on all channels together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caps {
    pub channel: Cap,
    pub all_channels: Cap,
}

/// What a deployment allows of marketing, over all campaigns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CapSettings {
    /// Through each channel, as in [`Cap`].
    pub per_day: Option<u32>,
    pub per_week: Option<u32>,
    pub rolling: Rolling,
    /// Through a channel of that name; the lower of both holds.
    pub channels: BTreeMap<String, Cap>,
    /// Through all channels together.
    pub all_channels: Cap,
}

impl CapSettings {
    /// The caps on one channel.
    pub fn of(&self, channel: &str) -> Caps {
        let each = Cap { per_day: self.per_day, per_week: self.per_week, rolling: self.rolling.clone() };
        let own = self.channels.get(channel).cloned().unwrap_or_default();
        Caps { channel: each.and(&own), all_channels: self.all_channels.clone() }
    }
}

impl Caps {
    /// Whether there is any.
    pub fn is_capped(&self) -> bool {
        self.channel.is_capped() || self.all_channels.is_capped()
    }

    /// Both together: of two caps on the same the lower holds.
    pub fn and(&self, other: &Caps) -> Caps {
        Caps {
            channel: self.channel.and(&other.channel),
            all_channels: self.all_channels.and(&other.all_channels),
        }
    }

    /// The cap that one more message through a channel would break, on a calendar day of the person (days since
    /// 1970-01-01) and at a time, UTC ms.
    pub fn broken_by(&self, sends: &Sends, channel: &str, day: i32, now: i64) -> Option<Reason> {
        let own = |of: &str| of == channel;
        self.channel
            .broken(sends, own, day, now)
            .map(|broken| match broken {
                Broken::Day => Reason::CapDay,
                Broken::Week => Reason::CapWeek,
                Broken::Rolling => Reason::CapRolling,
            })
            .or_else(|| {
                self.all_channels.broken(sends, |_| true, day, now).map(|broken| match broken {
                    Broken::Day => Reason::CapDayAll,
                    Broken::Week => Reason::CapWeekAll,
                    Broken::Rolling => Reason::CapRollingAll,
                })
            })
    }
}

enum Broken {
    Day,
    Week,
    Rolling,
}

impl Cap {
    /// How many days a week's cap looks at, today included.
    pub const WEEK_DAYS: i32 = 7;

    /// Marketing messages a day and channel where a campaign states no cap.
    pub const MARKETING_PER_DAY: u32 = 2;

    /// Whether there is any.
    pub fn is_capped(&self) -> bool {
        self.per_day.is_some() || self.per_week.is_some() || !self.rolling.0.is_empty()
    }

    /// What a campaign's own cap comes to: marketing has one a day also where nothing is stated.
    pub(crate) fn or_default(&self, lane: Lane) -> Cap {
        let stated = self.per_day.or((lane == Lane::Marketing).then_some(Self::MARKETING_PER_DAY));
        Cap { per_day: stated, ..self.clone() }
    }

    fn and(&self, other: &Cap) -> Cap {
        let lower = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
        let mut rolling = self.rolling.0.clone();
        for (window, most) in &other.rolling.0 {
            rolling.entry(*window).and_modify(|own| *own = (*own).min(*most)).or_insert(*most);
        }
        Cap {
            per_day: lower(self.per_day, other.per_day),
            per_week: lower(self.per_week, other.per_week),
            rolling: Rolling(rolling),
        }
    }

    fn broken(&self, sends: &Sends, of: impl Fn(&str) -> bool, day: i32, now: i64) -> Option<Broken> {
        if self.per_day.is_some_and(|most| sends.on_days(&of, day, day) >= most) {
            return Some(Broken::Day);
        }
        if self.per_week.is_some_and(|most| sends.on_days(&of, day - (Self::WEEK_DAYS - 1), day) >= most) {
            return Some(Broken::Week);
        }
        let full = |(window, most): (&i64, &u32)| sends.after(&of, now.saturating_sub(*window)) >= *most;
        self.rolling.0.iter().any(full).then_some(Broken::Rolling)
    }
}

impl Rolling {
    /// The longest window: what was sent before is not remembered.
    pub const MAX_WINDOW: i64 = 31 * DAY;
}

impl TryFrom<BTreeMap<String, u32>> for Rolling {
    type Error = String;

    fn try_from(file: BTreeMap<String, u32>) -> Result<Self, String> {
        let mut windows = BTreeMap::new();
        for (span, most) in file {
            match parse_duration(&span) {
                Some(ms) if (1..=Self::MAX_WINDOW).contains(&ms) => drop(windows.insert(ms, most)),
                _ => {
                    return Err(format!(
                        "`{span}` is no window of a cap: write one like 24h or 7d, at most 31d"
                    ));
                }
            }
        }
        Ok(Rolling(windows))
    }
}
