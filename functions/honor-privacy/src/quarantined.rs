//! Whose a refused record is, as far as can be told: it was refused since it could not be understood as a whole.

use crate::subject::Subject;
use event::{Event, IdentifierKind, Parser, Quarantined, normalise_email, normalise_phone};
use serde_json::Value;

/// How many texts of one record are looked at, and how long one may be to name somebody.
const TEXTS: usize = 4_096;
const LONGEST: usize = 512;

/// Whether a record names this person anywhere: a text or number of it, cleaned as intake cleans an identifier of any
/// kind, has the hash of one of theirs.
pub fn is_theirs(record: &Quarantined, subject: &Subject, parser: &Parser) -> bool {
    // An event that could not be applied is kept in wire form.
    if let Ok(event) = Event::decode(&record.original)
        && !event.identifiers.is_empty()
    {
        return event.identifiers.iter().any(|identifier| subject.identifiers.contains(identifier));
    }
    let mut looked_at = 0;
    let mut is_theirs = |text: &str| {
        looked_at += 1;
        looked_at <= TEXTS && names(text, subject, parser)
    };
    match serde_json::from_slice::<Value>(&record.original) {
        Ok(value) => any_text(&value, &mut is_theirs),
        Err(_) => {
            let text = String::from_utf8_lossy(&record.original);
            let edge = |c: char| c.is_control() || "\",;|\\".contains(c);
            // Cells first, then words: an identifier may hold spaces, and stand among words.
            text.split(edge).any(&mut is_theirs)
                || text
                    .split(|c: char| edge(c) || c.is_whitespace() || "<>()[]{}=:'".contains(c))
                    .any(is_theirs)
        }
    }
}

fn any_text(value: &Value, is_theirs: &mut impl FnMut(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_theirs(text),
        Value::Number(number) => is_theirs(&number.to_string()),
        Value::Array(values) => values.iter().any(|value| any_text(value, is_theirs)),
        Value::Object(fields) => {
            // An external id is known by its scope and value.
            let scoped = ["type", "id"].map(|name| fields.get(name).and_then(Value::as_str));
            matches!(scoped, [Some(scope), Some(id)] if is_theirs(&format!("{scope}:{id}")))
                || fields.iter().any(|(name, value)| is_theirs(name) || any_text(value, is_theirs))
        }
        _ => false,
    }
}

fn names(text: &str, subject: &Subject, parser: &Parser) -> bool {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return false;
    }
    let (hasher, region) = (parser.hasher(), &parser.settings().region);
    let is = |kind, value: &str| subject.identifiers.contains(&hasher.identifier(kind, value));
    IdentifierKind::all().any(|kind| match kind {
        IdentifierKind::Email => normalise_email(text).is_some_and(|email| is(kind, &email)),
        IdentifierKind::Phone => normalise_phone(text, region).is_some_and(|phone| is(kind, &phone)),
        kind => is(kind, text),
    })
}
