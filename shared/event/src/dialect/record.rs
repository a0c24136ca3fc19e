//! A record of the Segment spec in the making.

use crate::EventType;
use serde_json::{Map, Value};

/// Fields that were found, under the names of the spec. What is null or empty is left out.
#[derive(Clone)]
pub(super) struct Record(Map<String, Value>);

impl Record {
    pub fn new(kind: EventType) -> Record {
        Record(Map::from_iter([("type".to_owned(), Value::String(kind.as_str().to_owned()))]))
    }

    /// Sets a field of the record.
    pub fn set(&mut self, name: &str, value: Option<Value>) -> &mut Record {
        if let Some(value) = value.filter(is_filled) {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// Sets a field of the record to a text.
    pub fn text(&mut self, name: &str, text: impl Into<String>) -> &mut Record {
        self.set(name, Some(Value::String(text.into())))
    }

    /// Sets a field of the context, or with two names one of an object in it.
    pub fn context(&mut self, path: &[&str], value: Option<Value>) -> &mut Record {
        if let Some(value) = value.filter(is_filled) {
            put(&mut self.0, "context", path, value);
        }
        self
    }

    pub fn into_text(self) -> String {
        Value::Object(self.0).to_string()
    }
}

fn put(fields: &mut Map<String, Value>, name: &str, path: &[&str], value: Value) {
    let Some((next, rest)) = path.split_first() else {
        fields.insert(name.to_owned(), value);
        return;
    };
    let inner = fields.entry(name.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put(inner, next, rest, value);
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// Takes the first of these fields that is a text or a number and not empty, as a text.
pub(super) fn take_text(fields: &mut Map<String, Value>, names: &[&str]) -> Option<String> {
    let mut found = None;
    for name in names {
        let Some(text) = fields.get(*name).and_then(as_text) else { continue };
        fields.shift_remove(*name);
        found = found.or(Some(text));
    }
    found
}

/// A text or a number as a text; nothing for what is empty or of another shape.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Takes a field that is an object; the fields of none otherwise.
pub(super) fn take_object(fields: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match fields.shift_remove(name) {
        Some(Value::Object(inner)) => inner,
        _ => Map::new(),
    }
}
