//! What a condition looks at: an event, a profile, a key and the time, as CEL values. Only what an expression names
//! is made into a value, since that costs far more than to evaluate it.

use crate::expression::Need;
use crate::time_zone;
use cel::Value;
use event::{Event, names};
use jiff::tz::TimeZone;
use person::{Blob, Profile};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

/// What `event` has.
pub(crate) const EVENT_MEMBERS: [&str; 12] = [
    "name",
    "type",
    "message_id",
    "user_id",
    "happened_at",
    "received_at",
    "properties",
    "traits",
    "product_ids",
    "amount_minor",
    "currency",
    "context",
];

/// A person's profile as conditions see it; its parts are made into values when they are first asked for, and once.
pub struct ProfileView<'p> {
    source: Source<'p>,
    now: i64,
    zone: TimeZone,
    /// Whether the person said no to having a profile, where that is known beforehand.
    refuses: Option<bool>,
    decoded: OnceCell<Option<Profile<'p>>>,
    sections: RefCell<HashMap<String, Value>>,
}

enum Source<'p> {
    Decoded(&'p Profile<'p>),
    Stored(&'p [u8]),
}

impl<'p> ProfileView<'p> {
    pub fn new(profile: &'p Profile<'p>, now: i64) -> Self {
        Self::of(Source::Decoded(profile), now)
    }

    /// The view of a stored profile, which is read only if a condition asks.
    pub fn stored(blob: &'p [u8], now: i64) -> Self {
        Self::of(Source::Stored(blob), now)
    }

    fn of(source: Source<'p>, now: i64) -> Self {
        ProfileView {
            source,
            now,
            zone: TimeZone::UTC,
            refuses: None,
            decoded: OnceCell::new(),
            sections: RefCell::default(),
        }
    }

    /// The same, with the time zone of who told none: UTC where it is not set.
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// The same for who knows whether the person said no to having a profile, so that it is not read for that.
    pub fn knowing(mut self, refuses_analytics: Option<bool>) -> Self {
        self.refuses = refuses_analytics;
        self
    }

    /// The person's time zone, else the deployment's.
    pub fn zone(&self) -> TimeZone {
        let own = self.profile().and_then(Profile::timezone).and_then(time_zone);
        own.unwrap_or_else(|| self.zone.clone())
    }

    /// UTC ms.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// When an event of one of these names last happened, UTC ms, or any event of the person where there are none.
    pub fn last_heard(&self, events: &[String]) -> Option<i64> {
        let profile = self.profile()?;
        if events.is_empty() {
            // What Rondo reports of its own messages is no sign of life.
            let own = profile.counters.iter().filter(|counter| !names::is_reported(counter.name));
            return own.map(|counter| counter.last).max();
        }
        events.iter().filter_map(|name| Some(profile.counter(name)?.last)).max()
    }

    /// Whether nothing was known of the person before `fresh` events.
    pub(crate) fn is_new(&self, fresh: usize) -> bool {
        self.profile().is_some_and(|profile| profile.events <= fresh as u64)
    }

    /// Whether the person said no to having a profile.
    pub fn refuses_analytics(&self) -> bool {
        match (self.refuses, &self.source) {
            (Some(refuses), _) => refuses,
            (None, Source::Decoded(profile)) => profile.refuses_analytics(),
            (None, Source::Stored(blob)) => Blob::refuses_analytics(blob).unwrap_or_default(),
        }
    }

    fn profile(&self) -> Option<&Profile<'p>> {
        let blob = match self.source {
            Source::Decoded(profile) => return Some(profile),
            Source::Stored(blob) => blob,
        };
        let decode = || match Blob::decode(blob) {
            Ok(Blob::Profile(profile)) => Some(profile),
            _ => None,
        };
        self.decoded.get_or_init(decode).as_ref()
    }

    fn section(&self, profile: &Profile<'_>, name: &str) -> Value {
        if let Some(value) = self.sections.borrow().get(name) {
            return value.clone();
        }
        let value = profile.section(name, self.now).map_or(Value::Null, |json| cel_value(&json));
        self.sections.borrow_mut().insert(name.to_owned(), value.clone());
        value
    }
}

/// A profile's view, whatever it borrows.
trait View {
    fn value(&self, need: &Need) -> Value;
    fn now(&self) -> i64;
}

impl View for ProfileView<'_> {
    fn value(&self, need: &Need) -> Value {
        let Some(profile) = self.profile() else { return Value::Null };
        let sections = need.members(&Profile::SECTIONS);
        map(sections.into_iter().map(|(name, _)| (name, self.section(profile, name))))
    }

    fn now(&self) -> i64 {
        self.now
    }
}

/// What a condition looks at: an event, or none, the person's profile, and what the journey is keyed by.
pub struct Scope<'s> {
    event: Option<&'s Event<'s>>,
    profile: &'s (dyn View + 's),
    key: &'s str,
}

impl<'s> Scope<'s> {
    pub fn new(event: Option<&'s Event<'s>>, profile: &'s ProfileView<'_>, key: &'s str) -> Self {
        Scope { event, profile, key }
    }

    pub(crate) fn variable(&self, name: &str, need: &Need) -> Value {
        match (name, self.event) {
            ("event", Some(event)) => {
                let members = need.members(&EVENT_MEMBERS).into_iter();
                map(members.map(|(name, parts)| (name, cel_value(&event_member(event, name, parts)))))
            }
            ("event", None) => Value::Null,
            ("profile", _) => self.profile.value(need),
            ("key", _) => Value::String(Arc::new(self.key.to_owned())),
            _ => Value::Int(self.profile.now()),
        }
    }

    /// The texts of an expression that needs no interpreter.
    pub(crate) fn shortcut(&self, shortcut: &Shortcut) -> Vec<String> {
        match (shortcut, self.event) {
            (Shortcut::ProductIds, Some(event)) => product_ids(event).map(str::to_owned).collect(),
            (Shortcut::Property(name), _) => self.property_texts(name),
            (_, None) => Vec::new(),
        }
    }

    /// The texts of a property of the event, trimmed: one, or those of a list.
    pub(crate) fn property_texts(&self, name: &str) -> Vec<String> {
        let Some(event) = self.event else { return Vec::new() };
        let known = match name {
            "product_id" => &event.facts.product_id,
            "order_id" => &event.facts.order_id,
            _ => &None,
        };
        if let Some(text) = known {
            return vec![text.clone().into_owned()];
        }
        match pick(&event.properties, Some(&BTreeSet::from([name.to_owned()]))).get(name) {
            Some(Json::Array(values)) => {
                values.iter().filter_map(|value| text_of(&cel_value(value))).collect()
            }
            Some(value) => text_of(&cel_value(value)).into_iter().collect(),
            None => Vec::new(),
        }
    }
}

/// An expression that is a plain look at the event: keys are, mostly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shortcut {
    /// `event.properties.NAME`.
    Property(String),
    /// `event.product_ids`.
    ProductIds,
}

impl Shortcut {
    pub(crate) fn of(source: &str) -> Option<Shortcut> {
        if source == "event.product_ids" {
            return Some(Shortcut::ProductIds);
        }
        let name = source.strip_prefix("event.properties.")?;
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        plain.then(|| Shortcut::Property(name.to_owned()))
    }
}

/// The product that an event is about, and those of its order.
fn product_ids<'e>(event: &'e Event<'_>) -> impl Iterator<Item = &'e str> {
    let items = event.facts.items.iter().filter_map(|item| item.product_id.as_deref());
    event.facts.product_id.as_deref().into_iter().chain(items)
}

/// One of [`EVENT_MEMBERS`]; of an object the named parts, or all.
pub(crate) fn event_member(event: &Event<'_>, name: &str, parts: Option<&BTreeSet<String>>) -> Json {
    match name {
        "name" => event.name.as_ref().into(),
        "type" => event.kind.as_str().into(),
        "message_id" => event.message_id.as_ref().into(),
        "user_id" => event.user_id.as_deref().into(),
        "happened_at" => event.happened_at.into(),
        "received_at" => event.received_at.into(),
        "properties" => pick(&event.properties, parts),
        "traits" => pick(&event.traits, parts),
        "product_ids" => product_ids(event).collect(),
        "amount_minor" => event.facts.amount.into(),
        "currency" => event.facts.currency.map(|currency| currency.to_string()).into(),
        "context" => {
            let context = &event.context;
            serde_json::json!({
                "url": context.url, "title": context.title, "referrer": context.referrer,
                "locale": context.locale, "timezone": context.timezone,
            })
        }
        _ => Json::Null,
    }
}

/// The named members of a JSON object's text, or all; what is no object has none.
fn pick(object: &str, names: Option<&BTreeSet<String>>) -> Json {
    let picked = Picked(names).deserialize(&mut serde_json::Deserializer::from_str(object));
    Json::Object(picked.unwrap_or_default())
}

struct Picked<'n>(Option<&'n BTreeSet<String>>);

impl<'de> DeserializeSeed<'de> for Picked<'_> {
    type Value = serde_json::Map<String, Json>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Picked<'_> {
    type Value = serde_json::Map<String, Json>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut picked = serde_json::Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if self.0.is_none_or(|names| names.contains(&name)) {
                picked.insert(name, members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(picked)
    }
}

fn map<'n>(members: impl Iterator<Item = (&'n str, Value)>) -> Value {
    Value::from(members.map(|(name, value)| (name.to_owned(), value)).collect::<HashMap<String, Value>>())
}

/// JSON as CEL has it: whole numbers are ints, others doubles.
fn cel_value(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(values) => Value::List(Arc::new(values.iter().map(cel_value).collect())),
        Json::Object(fields) => {
            let map: HashMap<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), cel_value(value))).collect();
            Value::from(map)
        }
    }
}

pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}
