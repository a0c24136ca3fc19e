//! The canonical event.

use crate::{Context, Facts, Identifiers, Marks};
use serde::Deserialize;
use std::borrow::Cow;

/// Names that calls other than `track` get, so that every event has one.
pub mod names {
    pub const PAGE_VIEWED: &str = "Page Viewed";
    pub const SCREEN_VIEWED: &str = "Screen Viewed";
    pub const IDENTIFIED: &str = "Identified";
    pub const GROUP_JOINED: &str = "Group Joined";
    pub const ALIASED: &str = "Aliased";
    pub const PRODUCT_VIEWED: &str = "Product Viewed";
    pub const ORDER_COMPLETED: &str = "Order Completed";
    pub const ORDER_REFUNDED: &str = "Order Refunded";
    /// A message left through a channel (properties: `campaign`, `channel`, `action_id`).
    pub const MESSAGE_SENT: &str = "Message Sent";
    /// A message was decided against (properties as above, and `reason`).
    pub const MESSAGE_REFUSED: &str = "Message Refused";
    /// What mailboxes and carriers tell of a message (properties: `campaign`, `channel`, `action_id`).
    pub const MESSAGE_DELIVERED: &str = "Message Delivered";
    /// A bounce has `bounce_type`: `permanent` where there is nobody to take messages, else `transient`.
    pub const MESSAGE_BOUNCED: &str = "Message Bounced";
    pub const MESSAGE_COMPLAINED: &str = "Message Complained";
    /// A person looked at a message, or at what it leads to; a program in their place where `machine` is true.
    pub const MESSAGE_OPENED: &str = "Message Opened";
    pub const MESSAGE_CLICKED: &str = "Message Clicked";
    /// A message that waits on site was shown there (properties: `campaign`, `step`, `placement`, `channel`, `action_id`,
    /// `showing`).
    pub const MESSAGE_SHOWN: &str = "Message Shown";
    /// A person closed it (properties: `channel`, `action_id`).
    pub const MESSAGE_DISMISSED: &str = "Message Dismissed";
    /// A journey reached what its campaign is for (properties: `campaign`, `version`, `key`).
    pub const GOAL_REACHED: &str = "Campaign Goal Reached";
    /// A person came into an arm of an experiment (properties: `experiment_id`, `variation_id`).
    pub const EXPERIMENT_VIEWED: &str = "Experiment Viewed";
    /// A visitor was shown a creative of a placement that learns (properties: `placement`, `creative`, `action_id`).
    pub const CREATIVE_VIEWED: &str = "Creative Viewed";
    pub const SUBSCRIBED: &str = "Subscribed";
    pub const UNSUBSCRIBED: &str = "Unsubscribed";
    /// What is left of a record whose person did not agree to analytics: their answers.
    pub const CONSENT_CHANGED: &str = "Consent Changed";
    pub const CASE_OPENED: &str = "Case Opened";
    pub const CASE_CLOSED: &str = "Case Closed";
    pub const DEVICE_REGISTERED: &str = "Device Registered";

    /// Whether it is what Rondo itself reports, or a mailbox does: no sign of life of the person.
    pub fn is_reported(name: &str) -> bool {
        matches!(
            name,
            MESSAGE_SENT
                | MESSAGE_REFUSED
                | MESSAGE_DELIVERED
                | MESSAGE_BOUNCED
                | MESSAGE_COMPLAINED
                | MESSAGE_SHOWN
                | GOAL_REACHED
                | EXPERIMENT_VIEWED
                | CREATIVE_VIEWED
        )
    }
}

/// The call of the Segment spec that an event came as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventType {
    Identify = 1,
    Track = 2,
    Page = 3,
    Screen = 4,
    Group = 5,
    Alias = 6,
}

impl EventType {
    const ALL: [EventType; 6] = [
        EventType::Identify,
        EventType::Track,
        EventType::Page,
        EventType::Screen,
        EventType::Group,
        EventType::Alias,
    ];

    /// The type as the spec writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            EventType::Identify => "identify",
            EventType::Track => "track",
            EventType::Page => "page",
            EventType::Screen => "screen",
            EventType::Group => "group",
            EventType::Alias => "alias",
        }
    }

    /// The type of that name, if it is one.
    pub fn parse(name: &str) -> Option<EventType> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The type of a call: as [`EventType::parse`], and `merge` is an alias.
    pub(crate) fn of_call(name: &str) -> Option<EventType> {
        Self::parse(name).or_else(|| (name == "merge").then_some(EventType::Alias))
    }

    /// The type of that number.
    pub fn from_code(code: u8) -> Option<EventType> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

/// What had to be done to the time an event claims to have happened at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum TimeMark {
    /// Taken as given, corrected by the client's clock skew where that is known.
    #[default]
    Given = 0,
    /// None given, or none that can be read: the receive time stands in.
    Missing = 1,
    /// More than [`crate::MAX_FUTURE_MS`] after its receipt: the receive time stands in.
    Future = 2,
}

impl TimeMark {
    /// The mark as it is written in the lake.
    pub fn as_str(self) -> &'static str {
        match self {
            TimeMark::Given => "given",
            TimeMark::Missing => "missing",
            TimeMark::Future => "future",
        }
    }

    pub(crate) fn from_code(code: u8) -> TimeMark {
        match code {
            1 => TimeMark::Missing,
            2 => TimeMark::Future,
            _ => TimeMark::Given,
        }
    }
}

/// A 64-bit hash (XXH3) of a message id: what deduplication and tie-breaks go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MessageHash(pub u64);

impl MessageHash {
    pub fn of(message_id: &str) -> Self {
        MessageHash(xxhash_rust::xxh3::xxh3_64(message_id.as_bytes()))
    }
}

/// What those who carry messages tell of one, in its properties.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told<'a> {
    machine: bool,
    #[serde(borrow)]
    bounce_type: Cow<'a, str>,
}

impl<'a> Told<'a> {
    fn of(event: &'a Event<'_>) -> Told<'a> {
        serde_json::from_str(&event.properties).unwrap_or_default()
    }
}

/// One thing that happened to one person, cleaned. It borrows from the bytes it was read from wherever
/// nothing had to change. Holds no raw personal data: identifiers are keyed hashes, and what was read of
/// e-mail, phone and name went to the vault as [`crate::Secret`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// Unique to the event; given by its source, else derived from its content.
    pub message_id: Cow<'a, str>,
    /// The hash of `message_id`.
    pub hash: MessageHash,
    pub kind: EventType,
    /// The event's name; for calls other than `track`, one of [`names`].
    pub name: Cow<'a, str>,
    /// When it happened, UTC ms, corrected for the client's clock.
    pub happened_at: i64,
    /// When it was received, UTC ms.
    pub received_at: i64,
    pub time_mark: TimeMark,
    /// Who it is about, strongest first; at least one.
    pub identifiers: Identifiers,
    /// The user id in readable form, unless it is shaped like personal data.
    pub user_id: Option<Cow<'a, str>>,
    /// The text of a JSON object, or empty.
    pub properties: Cow<'a, str>,
    /// The text of a JSON object, or empty: what `identify` and `group` say of the person or account.
    pub traits: Cow<'a, str>,
    pub context: Context<'a>,
    /// What `properties` say that a profile counts.
    pub facts: Facts<'a>,
    /// The name of the source it came by: a write key's, or a file's.
    pub source: Cow<'a, str>,
    /// What intake noted about it.
    pub marks: Option<Box<Marks>>,
}

impl<'a> Event<'a> {
    /// An event that Rondo itself reports (a message sent, a case closed), about the person of
    /// `identifiers`. `properties` is the text of a JSON object without personal data.
    pub fn reported(
        message_id: String,
        name: &'a str,
        identifiers: Identifiers,
        at: i64,
        properties: String,
        source: &'a str,
    ) -> Event<'a> {
        Event {
            hash: MessageHash::of(&message_id),
            message_id: Cow::Owned(message_id),
            kind: EventType::Track,
            name: Cow::Borrowed(name),
            happened_at: at,
            received_at: at,
            time_mark: TimeMark::Given,
            identifiers,
            user_id: None,
            facts: Facts::of(&properties, None).into_owned(),
            properties: Cow::Owned(properties),
            traits: Cow::Borrowed(""),
            context: Context::default(),
            source: Cow::Borrowed(source),
            marks: None,
        }
    }

    /// Whether it is all that is left of a record whose person did not agree to analytics.
    pub fn is_withheld(&self) -> bool {
        self.name == names::CONSENT_CHANGED && self.properties.is_empty()
    }

    /// Whether a program opened or clicked a message in the place of its reader (a scanner, a proxy that fetches
    /// pictures): such an event says nothing of the person.
    pub fn is_of_machine(&self) -> bool {
        matches!(self.name.as_ref(), names::MESSAGE_OPENED | names::MESSAGE_CLICKED) && Told::of(self).machine
    }

    /// Whether a message came back since there is nobody to take it, rather than that a mailbox was full for a while.
    pub fn is_permanent_bounce(&self) -> bool {
        self.name == names::MESSAGE_BOUNCED && Told::of(self).bounce_type == "permanent"
    }

    /// How late it came, in ms: a property of the event itself.
    pub fn lateness(&self) -> i64 {
        (self.received_at - self.happened_at).max(0)
    }
}
