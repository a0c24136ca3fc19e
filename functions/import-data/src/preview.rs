//! What an import of a file would give, without importing anything.

use crate::{Arena, Format, ImportError, Position, SourceFile, convert};
use event::{Event, Mapping, Parser};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Rows looked at in one go.
const BATCH: usize = 4096;

/// What the first rows of a file would become.
#[derive(Debug, Default)]
pub struct Preview {
    pub rows: u64,
    pub events: u64,
    /// Rows that the mapping leaves out.
    pub skipped: u64,
    /// Rows that would be refused, by code, field and reason: how many, and the place of the first.
    pub refused: BTreeMap<(&'static str, String, String), (u64, String)>,
    /// Rows that would give no event and be kept nowhere.
    pub withheld: u64,
    /// The first events, without personal data.
    pub sample: Vec<Value>,
}

/// Reads up to `rows` rows of a file and says what they would become; shows the first `shown` events. `now` is UTC ms.
///
/// # Errors
/// As an import's.
pub fn preview(
    parser: &Parser,
    file: SourceFile,
    mapping: Option<&Mapping>,
    rows: u64,
    shown: usize,
    now: i64,
) -> Result<Preview, ImportError> {
    let name = file.name.clone();
    let mut source = file.rows(Position::default(), mapping, 0)?;
    let mut arena = Arena::default();
    let mut preview = Preview::default();
    while preview.rows < rows {
        let max = BATCH.min((rows - preview.rows) as usize);
        let batch = source.next_batch(max).map_err(|error| ImportError::reading(&name, &error))?;
        let Some(batch) = batch else { break };
        let heading = batch.lines.iter().filter(|line| line.number <= batch.heading).count();
        preview.rows += (batch.lines.len() - heading) as u64;
        let imported = convert(parser, Format::of(mapping), &name, &batch, &mut arena, now);
        preview.events += imported.events.len() as u64;
        preview.skipped += imported.skipped;
        preview.withheld += imported.dropped.len() as u64;
        for refused in imported.rejected {
            let why = refused.rejection;
            let key = (why.code.as_str(), why.field, why.reason);
            preview.refused.entry(key).or_insert((0, refused.source)).0 += 1;
        }
        let room = shown - preview.sample.len();
        preview.sample.extend(imported.events.iter().take(room).map(shown_event));
    }
    Ok(preview)
}

/// An event as it would be stored: its identifiers by their kinds only.
fn shown_event(event: &Event<'_>) -> Value {
    let object = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let mut shown = Map::new();
    shown.insert("event".into(), json!(event.name));
    shown.insert("happened_at".into(), json!(event::iso_time(event.happened_at)));
    shown.insert("message_id".into(), json!(event.message_id));
    let kinds: Vec<&str> = event.identifiers.iter().map(|identifier| identifier.kind.as_str()).collect();
    shown.insert("identified_by".into(), json!(kinds));
    if let Some(amount) = event.facts.amount {
        let currency = event.facts.currency.map(|currency| currency.to_string());
        shown.insert("minor_units".into(), json!({"amount": amount, "currency": currency}));
    }
    for (name, text) in [("properties", &event.properties), ("traits", &event.traits)] {
        if !text.is_empty() {
            shown.insert(name.into(), object(text));
        }
    }
    if let Some(consent) = &event.context.consent {
        shown.insert("consent".into(), object(consent));
    }
    Value::Object(shown)
}
