//! One event's schema, compiled.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The schema of what an event says.
#[derive(Debug)]
pub struct Schema {
    pub(crate) validator: Validator,
    /// Every name of a property anywhere in the schema: only these are told of in violations.
    pub(crate) names: BTreeSet<String>,
}

/// What is wrong with a schema, and at which JSON pointer in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (at {place})")]
pub struct SchemaError {
    pub place: String,
    pub reason: String,
}

/// Deepest nesting of a schema that is looked into for names.
const MAX_DEPTH: usize = 32;

impl Schema {
    /// Compiles a schema of draft 2020-12. Formats are checked, unknown ones passed over.
    ///
    /// # Errors
    /// It is no schema, or refers to what is not in it.
    pub fn compile(schema: &Value) -> Result<Schema, SchemaError> {
        if !schema.is_object() {
            let reason =
                "a schema is an object, such as {\"type\": \"object\", \"properties\": { … }}".to_owned();
            return Err(SchemaError { place: "/".into(), reason });
        }
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .offline()
            .build(schema)
            .map_err(|error| SchemaError { place: place(&error), reason: error.to_string() })?;
        let mut names = BTreeSet::new();
        collect(schema, &mut names, 0);
        Ok(Schema { validator, names })
    }
}

/// The properties that a schema names, as the catalogue writes them (`price`, `products[].price`), and whether they are
/// required where they stand. It need not compile.
pub fn outline(schema: &Value) -> BTreeMap<String, bool> {
    let mut properties = BTreeMap::new();
    paths(schema, schema, "", &mut properties, 0);
    properties
}

fn place(error: &ValidationError<'_>) -> String {
    match error.instance_path().as_str() {
        "" => "/".to_owned(),
        path => path.to_owned(),
    }
}

/// The names under every `properties`, and those that are `required`.
fn collect(schema: &Value, names: &mut BTreeSet<String>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                names.extend(properties.keys().cloned());
            }
            if let Some(Value::Array(required)) = fields.get("required") {
                names.extend(required.iter().filter_map(|name| Some(name.as_str()?.to_owned())));
            }
            fields.values().for_each(|value| collect(value, names, depth + 1));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, names, depth + 1)),
        _ => {}
    }
}

/// The paths of the properties that a schema names, through arrays and references into itself.
fn paths(root: &Value, schema: &Value, at: &str, found: &mut BTreeMap<String, bool>, depth: usize) {
    if depth > MAX_DEPTH || found.len() > 1_000 {
        return;
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'))
        && let Some(target) = root.pointer(target)
    {
        // A schema that holds itself ends at the depth.
        paths(root, target, at, found, depth + 8);
    }
    let required: BTreeSet<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, value) in properties {
            let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            paths(root, value, &path, found, depth + 1);
            found.insert(path, required.contains(name.as_str()));
        }
    }
    if let Some(items) = schema.get("items") {
        paths(root, items, &format!("{at}[]"), found, depth + 1);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let parts = schema.get(keyword).and_then(Value::as_array);
        parts.into_iter().flatten().for_each(|part| paths(root, part, at, found, depth + 1));
    }
}
