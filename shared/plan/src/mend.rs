//! Mending what can be mended without guessing.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::LocationSegment;
use jsonschema::{JsonType, ValidationError};
use serde_json::{Map, Number, Value};

/// What is done to a value, at a place.
#[derive(Debug)]
pub(crate) struct Mend {
    /// Names and indices from the event's fields downwards.
    path: Vec<Step>,
    change: Change,
}

#[derive(Debug)]
enum Step {
    Name(String),
    Index(usize),
}

#[derive(Debug)]
enum Change {
    Replace(Value),
    /// Takes the value away.
    Drop,
    /// Takes these properties of the object away.
    DropNames(Vec<String>),
}

impl Mend {
    /// What mends an error, if anything does: text becomes the number or truth value that it spells, and a number the
    /// text that is wanted; white space at the ends goes; a listed value gets its case; `null` where something else is
    /// wanted counts as absent; properties that are not allowed go.
    pub fn of(error: &ValidationError<'_>) -> Option<Mend> {
        let value = error.instance().as_ref();
        let change = match error.kind() {
            Kind::Type { kind } => {
                let wanted: Vec<JsonType> = match kind {
                    TypeKind::Single(one) => vec![*one],
                    TypeKind::Multiple(several) => several.iter().collect(),
                };
                match value {
                    Value::Null => Change::Drop,
                    other => Change::Replace(wanted.iter().find_map(|wanted| converted(other, *wanted))?),
                }
            }
            Kind::Enum { options } => {
                Change::Replace(options.as_array()?.iter().find(|option| is_spelling(value, option))?.clone())
            }
            Kind::Constant { expected_value } if is_spelling(value, expected_value) => {
                Change::Replace(expected_value.as_ref().clone())
            }
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                Change::DropNames(unexpected.clone())
            }
            Kind::Pattern { .. } | Kind::Format { .. } | Kind::MaxLength { .. } => {
                let text = value.as_str()?;
                let trimmed = text.trim();
                if trimmed.len() == text.len() {
                    return None;
                }
                Change::Replace(trimmed.into())
            }
            _ => return None,
        };
        let path = error.instance_path().iter().map(|segment| match segment {
            LocationSegment::Property(name) => Step::Name(name.into_owned()),
            LocationSegment::Index(at) => Step::Index(at),
        });
        Some(Mend { path: path.collect(), change })
    }

    /// Applies it. Places that an earlier mend took away are passed over.
    pub fn apply(self, fields: &mut Value) {
        let Mend { mut path, change } = self;
        if let Change::Drop = change {
            // In a list, what is dropped would move the rest.
            if let Some(Step::Name(name)) = path.pop()
                && let Some(Value::Object(parent)) = descend(fields, &path)
            {
                parent.shift_remove(&name);
            }
            return;
        }
        let Some(value) = descend(fields, &path) else { return };
        match (change, value) {
            (Change::Replace(new), value) => *value = new,
            (Change::DropNames(names), Value::Object(object)) => remove(object, &names),
            _ => {}
        }
    }
}

fn remove(object: &mut Map<String, Value>, names: &[String]) {
    object.retain(|name, _| !names.iter().any(|gone| gone == name));
}

fn descend<'v>(mut value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    for step in path {
        value = match step {
            Step::Name(name) => value.get_mut(name)?,
            Step::Index(at) => value.get_mut(*at)?,
        };
    }
    Some(value)
}

/// The value in the wanted type, where it says exactly that.
fn converted(value: &Value, wanted: JsonType) -> Option<Value> {
    match (value, wanted) {
        (Value::String(text), JsonType::Number | JsonType::Integer) => {
            let text = text.trim();
            // Leading zeros and signs are of codes and telephone numbers, not of amounts.
            let digits = text.strip_prefix('-').unwrap_or(text);
            if digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.") {
                return None;
            }
            let number: Number = serde_json::from_str(text).ok()?;
            match wanted {
                JsonType::Number => Some(Value::Number(number)),
                _ => whole(&number),
            }
        }
        (Value::Number(number), JsonType::Integer) => whole(number),
        (Value::Number(number), JsonType::String) => Some(Value::String(number.to_string())),
        (Value::String(text), JsonType::Boolean) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        (Value::String(text), JsonType::Null) if text.trim().is_empty() => Some(Value::Null),
        _ => None,
    }
}

/// A number without a fraction as an integer; beyond 2^53 a double is not exact.
fn whole(number: &Number) -> Option<Value> {
    if number.is_i64() || number.is_u64() {
        return Some(Value::Number(number.clone()));
    }
    let number = number.as_f64()?;
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then(|| Value::from(number as i64))
}

/// Whether a text is a listed one but for case and white space at its ends.
fn is_spelling(value: &Value, option: &Value) -> bool {
    match (value.as_str(), option.as_str()) {
        (Some(text), Some(option)) => text.trim().to_lowercase() == option.to_lowercase(),
        _ => false,
    }
}
