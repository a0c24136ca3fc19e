//! Messages that wait on site: what is said of one when it is sent, and which of them a placement shows to a visitor.
//!
//! A profile keeps what was said, some hundred bytes, and how often each was shown; the message is rendered when somebody
//! comes. So merging, undoing a merge, erasure and restriction need nothing of their own.

use crate::placement::{Placement, Visitor};
use crate::scope::{ProfileView, Scope};
use crate::{Action, Campaign, Campaigns, Chosen, Lane, Message, MessageContext, Utm};
use event::Key;
use person::{ON_SITE, Showings, Waiting};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Where a message waits, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnSite {
    /// The name of the placement.
    pub placement: String,
    /// How often it is shown at most.
    pub shows: u8,
    /// How long it waits once it was sent, ms.
    pub expires: i64,
    /// Where the campaign's file names the placement: line and column.
    pub place: (u64, u64),
}

/// A message that waits for a visitor, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct OnSiteMessage<'c> {
    pub action: Key,
    pub campaign: &'c str,
    pub step: &'c str,
    /// `title`, `html` (empty where the template is text alone) and `text`.
    pub content: Value,
    /// The how manieth time it is that it is shown, from 1.
    pub showing: u8,
    /// Until when it may be shown, UTC ms.
    pub expires_at: i64,
    /// What was chosen for the person, [`Chosen::to_json`].
    pub chosen: Option<Value>,
}

/// What is said of a message that waits.
#[derive(Serialize, Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    campaign: Cow<'a, str>,
    version: u32,
    #[serde(borrow)]
    step: Cow<'a, str>,
    #[serde(borrow)]
    placement: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    key: Cow<'a, str>,
    entered_at: i64,
    expires_at: i64,
    shows: u8,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    kept: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    creative: Option<&'a RawValue>,
}

impl OnSite {
    /// How often a message is shown where its step does not say, and the most that one may say.
    pub const SHOWS: u8 = 1;
    pub const MAX_SHOWS: u8 = 5;

    /// What is said of a message sent at a time (UTC ms), with what was chosen for the person, [`Chosen::to_json`]: a
    /// JSON object without personal data.
    pub fn said(&self, action: &Action, sent_at: i64, chosen: &str) -> Value {
        let said = Said {
            campaign: Cow::Borrowed(&action.campaign),
            version: action.version,
            step: Cow::Borrowed(&action.step),
            placement: Cow::Borrowed(&self.placement),
            key: Cow::Borrowed(&action.key),
            entered_at: action.entered_at,
            expires_at: sent_at.saturating_add(self.expires),
            shows: self.shows,
            kept: serde_json::from_str(&action.kept).ok(),
            creative: serde_json::from_str(chosen).ok(),
        };
        serde_json::to_value(said).unwrap_or_default()
    }
}

impl Campaigns {
    /// The message that waits in a placement for a visitor: of several that of the highest priority, and of these the
    /// newest. `shown` is what is known of showings that their profile does not tell of yet. None for whom nothing may be
    /// chosen; no marketing for whom it is not for; and nothing after an event that would have ended its journey.
    pub fn on_site<'c>(
        &'c self,
        placement: &Placement,
        visitor: &Visitor<'_>,
        view: &ProfileView<'_>,
        utm: Option<&Utm>,
        shown: impl Fn(Key) -> Showings,
    ) -> Option<OnSiteMessage<'c>> {
        if visitor.default_only.is_some() || visitor.profile.waiting.is_empty() {
            return None;
        }
        let mut waiting: Vec<Candidate<'c, '_>> = visitor
            .profile
            .waiting
            .iter()
            .filter_map(|waiting| self.candidate(waiting))
            .filter(|candidate| candidate.is_for(placement, visitor, view))
            .collect();
        // Stable: the newest stands first already.
        waiting.sort_by_key(|candidate| Reverse(candidate.campaign.priority));
        waiting.into_iter().find_map(|candidate| {
            let (own, other) = (visitor.profile.showings(candidate.action), shown(candidate.action));
            let times = own.times.max(other.times);
            let may_be = !own.ended && !other.ended && times < candidate.said.shows;
            may_be.then(|| candidate.render(visitor, utm, times + 1)).flatten()
        })
    }

    fn candidate<'c, 'w>(&'c self, waiting: &'w Waiting<'_>) -> Option<Candidate<'c, 'w>> {
        let said: Said<'w> = serde_json::from_str(waiting.said).ok()?;
        let campaign = self.version(&said.campaign, said.version)?;
        let (step, message) = campaign.sends().find(|(name, _)| *name == said.step)?;
        Some(Candidate { action: waiting.action, said, campaign, step, message })
    }
}

struct Candidate<'c, 'w> {
    action: Key,
    said: Said<'w>,
    campaign: &'c Campaign,
    step: &'c str,
    message: &'c Message,
}

impl<'c> Candidate<'c, '_> {
    fn is_for(&self, placement: &Placement, visitor: &Visitor<'_>, view: &ProfileView<'_>) -> bool {
        let Candidate { said, campaign, .. } = self;
        let scope = Scope::new(None, view, &said.key);
        // Events that only some of count are told apart as they come; here any that could have ended the journey does.
        let mut ends = campaign.exit_on.iter().chain(&campaign.goal).filter(|listen| listen.when.is_none());
        let is_over = ends.any(|listen| {
            let counter = visitor.profile.counter(&listen.event);
            counter.is_some_and(|counter| counter.last > said.entered_at)
        });
        said.placement == placement.name
            && visitor.now < said.expires_at
            && !is_over
            && !(campaign.lane == Lane::Marketing && visitor.against_marketing().is_some())
            && !campaign.exit_when.as_ref().is_some_and(|exit| exit.holds(&scope))
            && campaign.audience.as_ref().is_none_or(|audience| audience.holds(&scope))
    }

    /// The message as it is shown; none where its template fails by now.
    fn render(&self, visitor: &Visitor<'_>, utm: Option<&Utm>, showing: u8) -> Option<OnSiteMessage<'c>> {
        let json = |text: Option<&RawValue>| -> Value {
            text.and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default()
        };
        let chosen = json(self.said.creative);
        let context = MessageContext {
            profile: &visitor.profile.to_json(visitor.now),
            kept: &json(self.said.kept),
            key: &self.said.key,
            person: &BTreeMap::new(),
            unsubscribe_url: "",
        };
        let parts = Chosen::from_json(&chosen);
        let rendered = self.message.render_chosen(&context, &parts.clone().unwrap_or_default()).ok()?;
        // Of a template that is not to be shown nothing is left.
        if rendered.html.is_empty() && rendered.text.trim().is_empty() {
            return None;
        }
        let marks = Utm::of(utm, self.campaign.utm.as_ref(), &self.campaign.name, self.step, ON_SITE);
        let rendered = match &marks {
            Some(marks) => rendered.with_marked_links(marks, ""),
            None => rendered,
        };
        Some(OnSiteMessage {
            action: self.action,
            campaign: &self.campaign.name,
            step: self.step,
            content: json!({"title": rendered.subject, "html": rendered.html, "text": rendered.text}),
            showing,
            expires_at: self.said.expires_at,
            chosen: parts.map(|_| chosen),
        })
    }
}
