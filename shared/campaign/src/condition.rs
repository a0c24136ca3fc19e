//! Conditions in CEL, the Common Expression Language, over an event and a profile.

use crate::expression::Scheme;
use cel::{Context, Env, Program, Value};
use event::{Event, Identifiers};
use person::{Blob, Profile};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// What a condition may name.
const VARIABLES: [&str; 4] = ["event", "profile", "key", "now"];

/// The shapes of `event` and `profile`, told by empty ones.
static SHAPES: LazyLock<[serde_json::Value; 2]> = LazyLock::new(|| {
    let event = Event::reported(String::new(), "", Identifiers::default(), 0, String::new(), "");
    [event_json(&event), Profile::default().to_json(0)]
});

/// An expression, compiled once.
#[derive(Debug)]
pub struct Condition {
    program: Program,
    source: String,
    uses: [bool; VARIABLES.len()],
    /// Set where the whole expression is one property of the event, which needs no interpreter.
    property: Option<String>,
}

/// What is wrong with an expression, and where in its text (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionError {
    pub line: u64,
    pub column: u64,
    pub message: String,
}

impl Condition {
    /// Compiles an expression and checks that it names nothing but `event`, `profile`, `key` and `now`, what
    /// these have, and functions that there are.
    pub fn compile(source: &str) -> Result<Condition, ConditionError> {
        let program = ENV.compile(source).map_err(|errors| {
            let first = errors.errors.first();
            let (line, column) = first.map_or((1, 1), |error| error.pos);
            let message = first.map_or("not a CEL expression", |error| error.msg.as_str());
            ConditionError {
                line: line.max(1) as u64,
                column: column.max(1) as u64,
                message: format!("not a CEL expression: {}", message.lines().next().unwrap_or_default()),
            }
        })?;
        let [event, profile] = &*SHAPES;
        let [event_name, profile_name, key, now] = VARIABLES;
        let any = &serde_json::Value::Null;
        let variables = [(event_name, event), (profile_name, profile), (key, any), (now, any)];
        let uses = Scheme { variables }.check(&program)?;
        let property = source.trim().strip_prefix("event.properties.").map(str::to_owned);
        let property = property.filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        Ok(Condition { program, source: source.to_owned(), uses, property })
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it holds. A key that is missing, or a value of another type than the expression expects, makes
    /// it not hold; `has(…)` asks for presence.
    pub fn holds(&self, scope: &Scope<'_>) -> bool {
        matches!(self.value(scope), Some(Value::Bool(true)))
    }

    /// Whether it holds for a person alone, without an event.
    pub fn matches_profile(&self, profile: &Profile<'_>, now: i64) -> bool {
        let view = ProfileView::new(profile, now);
        self.holds(&Scope::new(None, &view, ""))
    }

    /// The texts that it yields, trimmed: one, or those of a list. Numbers count as their text; anything else,
    /// and an error, yields nothing.
    pub fn texts(&self, scope: &Scope<'_>) -> Vec<String> {
        if let Some(name) = &self.property {
            return scope.property(name).into_iter().collect();
        }
        match self.value(scope) {
            Some(Value::List(values)) => values.iter().filter_map(text_of).collect(),
            Some(value) => text_of(&value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    fn value(&self, scope: &Scope<'_>) -> Option<Value> {
        let mut context = Context::with_env(Arc::clone(&ENV));
        for (name, used) in VARIABLES.into_iter().zip(self.uses) {
            if used {
                context.add_variable_from_value(name, scope.variable(name));
            }
        }
        self.program.execute(&context).ok()
    }
}

/// A person's profile as conditions see it; made into a value when first asked for, and once.
pub struct ProfileView<'p> {
    source: Source<'p>,
    now: i64,
    value: OnceCell<Value>,
}

enum Source<'p> {
    Decoded(&'p Profile<'p>),
    Stored(&'p [u8]),
}

impl<'p> ProfileView<'p> {
    pub fn new(profile: &'p Profile<'p>, now: i64) -> Self {
        ProfileView { source: Source::Decoded(profile), now, value: OnceCell::new() }
    }

    /// The view of a stored profile, which is read only if a condition asks.
    pub fn stored(blob: &'p [u8], now: i64) -> Self {
        ProfileView { source: Source::Stored(blob), now, value: OnceCell::new() }
    }

    fn value(&self) -> &Value {
        self.value.get_or_init(|| {
            let json = match self.source {
                Source::Decoded(profile) => profile.to_json(self.now),
                Source::Stored(blob) => match Blob::decode(blob) {
                    Ok(Blob::Profile(profile)) => profile.to_json(self.now),
                    _ => serde_json::Value::Null,
                },
            };
            cel_value(&json)
        })
    }
}

/// What a condition looks at: an event, or none, the person's profile, and what the journey is keyed by.
pub struct Scope<'s> {
    event: Option<&'s Event<'s>>,
    profile: &'s ProfileView<'s>,
    key: &'s str,
    event_value: OnceCell<Value>,
}

impl<'s> Scope<'s> {
    pub fn new(event: Option<&'s Event<'s>>, profile: &'s ProfileView<'s>, key: &'s str) -> Self {
        Scope { event, profile, key, event_value: OnceCell::new() }
    }

    fn variable(&self, name: &str) -> Value {
        match name {
            "event" => self.event_value.get_or_init(|| self.event.map_or(Value::Null, event_value)).clone(),
            "profile" => self.profile.value().clone(),
            "key" => Value::String(Arc::new(self.key.to_owned())),
            _ => Value::Int(self.profile.now),
        }
    }

    /// The text of one property of the event.
    fn property(&self, name: &str) -> Option<String> {
        let event = self.event?;
        match name {
            "product_id" => event.facts.product_id.as_deref().map(str::to_owned),
            "order_id" => event.facts.order_id.as_deref().map(str::to_owned),
            name => match serde_json::from_str::<serde_json::Value>(&event.properties).ok()?.get(name)? {
                serde_json::Value::String(text) => Some(text.trim().to_owned()),
                serde_json::Value::Number(number) => Some(number.to_string()),
                _ => None,
            },
        }
    }
}

fn event_value(event: &Event<'_>) -> Value {
    cel_value(&event_json(event))
}

fn event_json(event: &Event<'_>) -> serde_json::Value {
    let object = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| serde_json::json!({}));
    let context = &event.context;
    let facts = &event.facts;
    let products = facts.items.iter().filter_map(|item| item.product_id.as_deref());
    let products: Vec<&str> = facts.product_id.as_deref().into_iter().chain(products).collect();
    serde_json::json!({
        "name": event.name,
        "type": event.kind.as_str(),
        "message_id": event.message_id,
        "user_id": event.user_id,
        "happened_at": event.happened_at,
        "received_at": event.received_at,
        "properties": object(&event.properties),
        "traits": object(&event.traits),
        "product_ids": products,
        "amount_minor": facts.amount,
        "currency": facts.currency.map(|currency| currency.to_string()),
        "context": {
            "url": context.url, "title": context.title, "referrer": context.referrer,
            "locale": context.locale, "timezone": context.timezone,
        },
    })
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

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{Arrival, Parser, ParserSettings, Pseudonymizer};

    fn evaluate(expression: &str) -> bool {
        let parser = Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default());
        let record = br#"{"type":"track","event":"Order Completed","userId":"u1","timestamp":"2026-11-22T10:00:00Z",
            "properties":{"price":25,"total":30.5,"products":[{"product_id":"a"},{"product_id":"b"}]}}"#;
        let event = parser.parse(record, "web", Arrival::Recorded { now: 1_795_400_000_000 }).unwrap().event;
        let mut profile = Profile::default();
        profile.apply(&event);
        let view = ProfileView::new(&profile, 1_795_400_000_000);
        Condition::compile(expression).unwrap().holds(&Scope::new(Some(&event), &view, "k1"))
    }

    #[test]
    fn conditions_see_event_and_profile() {
        for holds in [
            "event.properties.price > 20",
            "event.properties.price > 20.0",
            "event.properties.total >= 30.5 && key == 'k1'",
            "profile.orders.count == 1 && !profile.service.open_complaint",
            "profile.counters['Order Completed'].days_7 >= 1",
            "!has(event.properties.coupon)",
            "event.properties.products.exists(p, p.product_id == 'b')",
            "now - profile.orders.last < 86400000",
        ] {
            assert!(evaluate(holds), "{holds}");
        }
        for fails in ["event.properties.coupon == 'x'", "event.properties.price", "event.properties.price > 'x'"] {
            assert!(!evaluate(fails), "{fails}");
        }
    }

    #[test]
    fn mistakes_are_placed() {
        let error = Condition::compile("event.properties.price >").unwrap_err();
        assert_eq!(error.line, 1, "{error:?}");
        let error = Condition::compile("1 == 1 && user.age > 3").unwrap_err();
        assert_eq!((error.column, error.message.contains("`user` is unknown")), (11, true), "{error:?}");
    }
}
