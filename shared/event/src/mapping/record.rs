//! From a row to the Segment-spec records it stands for.

use super::field::{Out, refused};
use super::row::{Row, RowKind, Scratch};
use super::{Layout, Mapping};
use crate::event::EventType;
use crate::identifier::IdentifierKind;
use crate::rejection::Rejection;
use serde_json::{Map, Value};
use std::ops::Range;

/// Records as JSON text, one behind the other. Made once and used again.
#[derive(Debug, Default)]
pub struct Records {
    pub bytes: Vec<u8>,
    /// Where each record stands.
    pub each: Vec<Range<usize>>,
}

impl Records {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.each.clear();
    }
}

impl Mapping {
    /// Writes the records that a row stands for: one, or two where it also says something of the person, or none
    /// where the mapping leaves such rows out. `line` is the row's number from 1, and part of the message id where
    /// the mapping names none, since two equal rows are two events.
    ///
    /// # Errors
    /// A row that does not fit; nothing is written then.
    pub fn write(
        &self,
        layout: &Layout,
        text: &str,
        source: &str,
        line: u64,
        scratch: &mut Scratch,
        records: &mut Records,
    ) -> Result<(), Rejection> {
        let row = scratch.row(&layout.kind, &layout.slots, layout.width, text)?;
        if !self.wanted(&row) {
            return Ok(());
        }
        let start = records.bytes.len();
        let written = self.write_row(&row, source, line, records);
        if written.is_err() {
            records.bytes.truncate(start);
            records.each.retain(|range| range.start < start);
        }
        written
    }

    /// As [`Mapping::write`], of one row on its own: its text as quarantine keeps it, or a JSON object.
    pub fn records(&self, text: &str, source: &str, line: u64) -> Result<Vec<Vec<u8>>, Rejection> {
        let json = text.trim_start().starts_with('{') && !matches!(self.kind(), Some(RowKind::Text(Some(_))));
        let kind = if json { RowKind::Json } else { self.kind().unwrap_or(RowKind::Json) };
        let layout = match self.layout(kind, None) {
            Ok(layout) => layout,
            Err(reason) => return Err(refused("", &reason)),
        };
        let mut records = Records::default();
        self.write(&layout, text, source, line, &mut Scratch::default(), &mut records)?;
        Ok(records.each.iter().map(|range| records.bytes[range.clone()].to_vec()).collect())
    }

    fn wanted(&self, row: &Row<'_>) -> bool {
        let holds = |(column, values): &(super::Column, Vec<String>)| {
            let text = column.of(row).text().unwrap_or_default();
            values.iter().any(|value| *value == text)
        };
        self.only.iter().all(holds) && !self.skip.iter().any(holds)
    }

    fn write_row(
        &self,
        row: &Row<'_>,
        source: &str,
        line: u64,
        records: &mut Records,
    ) -> Result<(), Rejection> {
        let kind = match self.call.plain("type", row)? {
            Some(name) => EventType::parse(&name)
                .ok_or_else(|| refused("type", "not one of identify, track, page, screen, group, alias"))?,
            None => EventType::Track,
        };
        let id = match &self.message_id {
            Some(field) => field
                .plain("message_id", row)?
                .ok_or_else(|| refused("message_id", "the columns of the message id are empty"))?
                .into_owned(),
            None => format!("{source}:{line}"),
        };
        let at = self.timestamp.as_ref().map(|field| field.time("timestamp", row)).transpose()?;
        let start = records.bytes.len();
        let mut json = Object::new(&mut records.bytes);
        self.head(&mut json, kind, &id, at, row)?;
        if kind == EventType::Track
            && let Some(event) = &self.event
        {
            let name = event.plain("event", row)?.ok_or_else(|| refused("event", "the event has no name"))?;
            json.text("event", &name);
        }
        let own_traits = matches!(kind, EventType::Identify | EventType::Group);
        self.identifiers(&mut json, row, true)?;
        if own_traits {
            self.fields("traits", &self.traits, &mut json, row)?;
        }
        if kind != EventType::Identify {
            self.fields("properties", &self.properties, &mut json, row)?;
        }
        json.end();
        records.each.push(start..records.bytes.len());
        if !own_traits && !self.traits.is_empty() {
            // Only an identify call changes what is known of a person.
            let start = records.bytes.len();
            let mut json = Object::new(&mut records.bytes);
            self.head(&mut json, EventType::Identify, &format!("{id}:traits"), at, row)?;
            self.identifiers(&mut json, row, false)?;
            match self.fields("traits", &self.traits, &mut json, row)? {
                0 => records.bytes.truncate(start),
                _ => {
                    json.end();
                    records.each.push(start..records.bytes.len());
                }
            }
        }
        Ok(())
    }

    fn head(
        &self,
        json: &mut Object<'_>,
        kind: EventType,
        id: &str,
        at: Option<i64>,
        _row: &Row<'_>,
    ) -> Result<(), Rejection> {
        json.text("type", kind.as_str());
        json.text("messageId", id);
        if let Some(at) = at {
            json.text("timestamp", &crate::iso_time(at));
        }
        Ok(())
    }

    /// Who it is about, and the context.
    fn identifiers(
        &self,
        json: &mut Object<'_>,
        row: &Row<'_>,
        with_consents: bool,
    ) -> Result<(), Rejection> {
        let mut external = Vec::new();
        for (name, field) in &self.identifiers {
            let Some(value) = field.identifier(name, row)? else { continue };
            match (name.as_str(), IdentifierKind::parse(name)) {
                ("group_id", _) => json.text("groupId", &value),
                ("previous_id", _) => json.text("previousId", &value),
                (_, Some(IdentifierKind::User)) => json.text("userId", &value),
                (_, Some(IdentifierKind::Anonymous)) => json.text("anonymousId", &value),
                _ => external.push((name.as_str(), value)),
            }
        }
        let consents = if with_consents { &self.consents[..] } else { &[] };
        if external.is_empty() && consents.is_empty() && self.context.is_empty() {
            return Ok(());
        }
        json.key("context");
        let mut context = Object::new(json.out);
        if !external.is_empty() {
            context.key("externalIds");
            context.out.push(b'[');
            for (n, (kind, value)) in external.iter().enumerate() {
                if n > 0 {
                    context.out.push(b',');
                }
                let mut id = Object::new(context.out);
                id.text("type", kind);
                id.text("id", value);
                id.end();
            }
            context.out.push(b']');
        }
        let mut answers = Map::new();
        for (purpose, field) in consents {
            if let Some(answer) = field.value(purpose, row)? {
                answers.insert(purpose.clone(), answer.into_value());
            }
        }
        if !answers.is_empty() {
            context.value("consent", &serde_json::json!({ "categoryPreferences": answers }));
        }
        let mut nested = Map::new();
        for (path, field) in &self.context {
            if let Some(value) = field.value(path, row)? {
                insert(&mut nested, path, value.into_value());
            }
        }
        for (name, value) in &nested {
            context.value(name, value);
        }
        context.end();
        Ok(())
    }

    /// An object of fields; how many there were.
    fn fields(
        &self,
        name: &str,
        fields: &[(String, super::Field)],
        json: &mut Object<'_>,
        row: &Row<'_>,
    ) -> Result<usize, Rejection> {
        if fields.is_empty() {
            return Ok(0);
        }
        json.key(name);
        let mut object = Object::new(json.out);
        let mut count = 0;
        for (name, field) in fields {
            if let Some(value) = field.value(name, row)? {
                object.out(name, &value);
                count += 1;
            }
        }
        object.end();
        Ok(count)
    }
}

/// Sets `page.url` in `{"page": {…}}`.
fn insert(into: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(into.insert(path.to_owned(), value)),
        Some((first, rest)) => {
            let inner = into.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// A JSON object being written.
struct Object<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl<'o> Object<'o> {
    fn new(out: &'o mut Vec<u8>) -> Object<'o> {
        out.push(b'{');
        Object { out, empty: true }
    }

    fn key(&mut self, name: &str) {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
        write_text(name, self.out);
        self.out.push(b':');
    }

    fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        write_text(text, self.out);
    }

    fn out(&mut self, name: &str, value: &Out<'_>) {
        self.key(name);
        value.write(self.out);
    }

    fn value(&mut self, name: &str, value: &Value) {
        self.key(name);
        self.out.extend_from_slice(value.to_string().as_bytes());
    }

    fn end(self) {
        self.out.push(b'}');
    }
}

/// Writes a JSON string.
pub(super) fn write_text(text: &str, into: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = serde_json::to_writer(into, text);
}
