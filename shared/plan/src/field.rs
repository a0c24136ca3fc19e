//! Violations in words that hold no value of the event.

use crate::Schema;
use event::{EventType, Violation};
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::paths::LocationSegment;
use jsonschema::{JsonType, ValidationError};
use std::borrow::Cow;

/// Longest field that is written, in bytes.
const MAX_FIELD: usize = 200;

/// What an error of the validator means for an event of that type.
pub(crate) fn violation(schema: &Schema, kind: EventType, error: &ValidationError<'_>) -> Violation {
    let mut field = String::from(match kind {
        EventType::Identify | EventType::Group => "traits",
        _ => "properties",
    });
    for segment in error.instance_path().iter() {
        match segment {
            LocationSegment::Index(_) => field.push_str("[]"),
            // A name that the plan does not know may be anything, personal data included.
            LocationSegment::Property(name) => {
                field.push('.');
                field.push_str(if schema.names.contains(name.as_ref()) { &name } else { "*" });
            }
        }
        if field.len() > MAX_FIELD {
            field.push('…');
            break;
        }
    }
    if let Kind::Required { property } = error.kind() {
        field.push('.');
        field.push_str(property.as_str().unwrap_or("*"));
    }
    Violation { rule: Cow::Owned(error.kind().keyword().to_owned()), field, fixed: false }
}

/// A sentence about an error: what the plan wants.
pub(crate) fn sentence(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Required { .. } => "is missing; the tracking plan requires it".into(),
        Kind::Type { kind } => {
            let types: Vec<&str> = match kind {
                jsonschema::error::TypeKind::Single(one) => vec![word(*one)],
                jsonschema::error::TypeKind::Multiple(several) => several.iter().map(word).collect(),
            };
            format!("has the wrong type; the tracking plan wants {}", types.join(" or "))
        }
        Kind::Enum { .. } | Kind::Constant { .. } => {
            "is none of the values that the tracking plan allows".into()
        }
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => {
            "has properties that the tracking plan does not name, and does not allow besides".into()
        }
        Kind::Format { format } => format!("is not written as the tracking plan wants: {format}"),
        other => format!("breaks a rule of the tracking plan: {}", other.keyword()),
    }
}

fn word(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "text",
        JsonType::Array => "a list",
        JsonType::Object => "an object",
    }
}
