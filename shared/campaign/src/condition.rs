//! Conditions in CEL, the Common Expression Language, over an event and a profile.

use crate::expression::{Need, Scheme, asks_to_equal};
use crate::scope::{EVENT_MEMBERS, ProfileView, Scope, Shortcut, event_member, text_of};
use cel::{Context, Env, Program, Value};
use event::{Event, Identifiers};
use person::Profile;
use std::sync::{Arc, LazyLock};

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// What a condition may name.
const VARIABLES: [&str; 4] = ["event", "profile", "key", "now"];

/// Where the profile stands among them.
const PROFILE: usize = 1;

/// The shapes of `event` and `profile`, told by empty ones.
static SHAPES: LazyLock<[serde_json::Value; 2]> = LazyLock::new(|| {
    let event = Event::reported(String::new(), "", Identifiers::default(), 0, String::new(), "");
    let members = EVENT_MEMBERS.iter().map(|name| ((*name).to_owned(), event_member(&event, name, None)));
    [members.collect(), Profile::default().to_json(0)]
});

/// An expression, compiled once.
#[derive(Debug)]
pub struct Condition {
    program: Program,
    source: String,
    /// What it needs of each variable.
    needs: [Need; VARIABLES.len()],
    shortcut: Option<Shortcut>,
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
        let needs = Scheme { variables }.check(&program)?;
        let shortcut = Shortcut::of(source.trim());
        Ok(Condition { program, source: source.to_owned(), needs, shortcut })
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The sections of the profile that it looks at.
    pub(crate) fn sections(&self) -> impl Iterator<Item = &str> {
        self.needs[PROFILE].members(&Profile::SECTIONS).into_iter().map(|(name, _)| name)
    }

    /// A property of the event, and the text that it must equal if this is to hold, where there are such.
    pub(crate) fn asks_to_equal(&self) -> Option<(&str, &str)> {
        asks_to_equal(self.program.expression())
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
        if let Some(shortcut) = &self.shortcut {
            return scope.shortcut(shortcut);
        }
        match self.value(scope) {
            Some(Value::List(values)) => values.iter().filter_map(text_of).collect(),
            Some(value) => text_of(&value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    fn value(&self, scope: &Scope<'_>) -> Option<Value> {
        let mut context = Context::with_env(Arc::clone(&ENV));
        for (name, need) in VARIABLES.into_iter().zip(&self.needs) {
            if *need != Need::Nothing {
                context.add_variable_from_value(name, scope.variable(name, need));
            }
        }
        self.program.execute(&context).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{Arrival, Parser, ParserSettings, Pseudonymizer};

    fn evaluate(expression: &str) -> bool {
        let parser = Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default());
        let record =
            br#"{"type":"track","event":"Order Completed","userId":"u1","timestamp":"2026-11-22T10:00:00Z",
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
        for fails in
            ["event.properties.coupon == 'x'", "event.properties.price", "event.properties.price > 'x'"]
        {
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
