//! Whether a message may be sent now: the rules of a campaign and of its deployment, as one pure decision.

use crate::caps::{Cap, CapSettings, Caps, Rolling};
use crate::quiet_hours::{Otherwise, QuietHours, local_day};
use crate::sends::Sends;
use crate::{Lane, Reason};
use event::Key;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// The limits of a campaign, as its file states them.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The most messages a person gets through the step's channel on one of their calendar days, over all
    /// campaigns. Marketing has a cap of [`Cap::MARKETING_PER_DAY`] where nothing is stated, service none.
    pub per_day: Option<u32>,
    /// The same over seven of the person's calendar days, today the last of them.
    pub per_week: Option<u32>,
    /// The same in any span of time that long.
    pub rolling: Rolling,
    /// The most messages through all channels together.
    pub all_channels: Cap,
    pub quiet_hours: Option<QuietHours>,
    /// The share of people who never get the campaign.
    pub holdout: Share,
    /// Whether only who said yes to the channel gets it: so for marketing, not so for service, unless
    /// stated. A no is respected always.
    pub need_consent: Option<bool>,
}

impl Limits {
    /// The caps that hold for a message through a channel: the campaign's or the deployment's, whichever is the
    /// lower. A service message is capped only where its own campaign says so, and counts only then.
    pub fn caps(&self, lane: Lane, channel: &str, deployment: &CapSettings) -> Caps {
        let own = Cap { per_day: self.per_day, per_week: self.per_week, rolling: self.rolling.clone() };
        let own = Caps { channel: own.or_default(lane), all_channels: self.all_channels.clone() };
        match lane {
            Lane::Service => own,
            Lane::Marketing => own.and(&deployment.of(channel)),
        }
    }
}

/// A share of people, in ten-thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(u16);

impl Share {
    /// The share of people who get no marketing at all where a deployment states none: one in twenty.
    pub const GLOBAL_HOLDOUT: Share = Share(500);

    /// A share from 0 to 1, to the nearest ten-thousandth.
    pub fn new(share: f64) -> Result<Share, String> {
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("{share} is no share: give a number from 0 to 1, 0.05 for one in twenty"));
        }
        Ok(Share((share * 10_000.0).round() as u16))
    }

    /// The share in ten-thousandths.
    pub fn ten_thousandths(self) -> u16 {
        self.0
    }

    /// Whether a person is in this share of the deployment's, who get no marketing at all.
    pub fn holds_out(self, person: Key) -> bool {
        self.holds(GLOBAL_SALT, person)
    }

    /// Whether a person is in the share: always the same answer for the same salt, and an independent one
    /// for another salt.
    pub fn holds(self, salt: &str, person: Key) -> bool {
        let mut keyed = Vec::with_capacity(salt.len() + 17);
        keyed.extend_from_slice(salt.as_bytes());
        keyed.push(0);
        keyed.extend_from_slice(&person.0);
        xxhash_rust::xxh3::xxh3_64(&keyed) % 10_000 < u64::from(self.0)
    }
}

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        Share::new(share)
    }
}

/// All that a decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// UTC ms.
    pub now: i64,
    /// When the message was due, UTC ms.
    pub due_at: i64,
    /// How long after it was due a message is still of use, ms.
    pub expires_after: i64,
    pub lane: Lane,
    pub person: Key,
    /// The campaign's name.
    pub campaign: &'a str,
    pub limits: &'a Limits,
    /// The name that consent and caps go by.
    pub channel: &'a str,
    /// The caps that hold, from [`Limits::caps`].
    pub caps: &'a Caps,
    /// The deployment's holdout: people who get no marketing at all.
    pub global_holdout: Share,
    /// The person's own time zone, else the deployment's.
    pub zone: &'a TimeZone,
    /// What the person said to the channel, or to the purpose of the lane; `None` where they were never asked.
    pub consent: Option<bool>,
    /// Whether they said no to having a profile.
    pub refuses_analytics: bool,
    /// Whether an identifier of the person is on the suppression list.
    pub suppressed: bool,
    /// Whether the person's data may not be worked with for now.
    pub restricted: bool,
    pub open_complaint: bool,
    /// Whether the campaign's audience holds the person now.
    pub in_audience: bool,
    /// What was sent already.
    pub sends: &'a Sends,
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Send,
    /// Decide again at `until`, UTC ms.
    Hold {
        until: i64,
    },
    Refuse(Reason),
}

/// The salt of the deployment's holdout; no campaign can have the name.
const GLOBAL_SALT: &str = "*";

/// Decides, by the first rule that speaks against sending: the order is that of [`Reason::all`].
pub fn decide(s: &Situation) -> Decision {
    if let Some(reason) = refusal(s) {
        return Decision::Refuse(reason);
    }
    if let Some(quiet) = &s.limits.quiet_hours
        && let Some(until) = quiet.end(s.zone, s.now)
    {
        return match quiet.otherwise {
            Otherwise::Hold => Decision::Hold { until },
            Otherwise::Drop => Decision::Refuse(Reason::QuietHours),
        };
    }
    match s.caps.broken_by(s.sends, s.channel, local_day(s.zone, s.now), s.now) {
        Some(reason) => Decision::Refuse(reason),
        None => Decision::Send,
    }
}

/// The rules that waiting changes nothing about.
fn refusal(s: &Situation) -> Option<Reason> {
    let marketing = s.lane == Lane::Marketing;
    let needs_consent = s.limits.need_consent.unwrap_or(marketing);
    let held_out = || {
        s.limits.holdout.holds(s.campaign, s.person)
            || (marketing && s.global_holdout.holds(GLOBAL_SALT, s.person))
    };
    match s.consent {
        _ if s.restricted => Some(Reason::Restricted),
        _ if s.now.saturating_sub(s.due_at) > s.expires_after => Some(Reason::Expired),
        _ if s.suppressed => Some(Reason::Suppressed),
        Some(false) => Some(Reason::Unsubscribed),
        None if needs_consent => Some(Reason::NoConsent),
        _ if marketing && s.refuses_analytics => Some(Reason::NoAnalytics),
        _ if marketing && s.open_complaint => Some(Reason::OpenComplaint),
        _ if held_out() => Some(Reason::Holdout),
        _ if !s.in_audience => Some(Reason::Audience),
        _ => None,
    }
}
