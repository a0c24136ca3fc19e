//! Mapping files: how the rows of a delimited text become events.

use crate::identifier::IdentifierKind;
use crate::rejection::{Code, Rejection};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is wrong with a mapping file, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct MappingError {
    pub line: u64,
    pub column: u64,
    pub message: String,
}

/// A mapping: the columns of a source and the event that each row stands for. One YAML file, for example
///
/// ```yaml
/// separator: whitespace        # or comma, tab, semicolon
/// columns: [customer, date, items, amount]
/// skip_lines: 0
/// event: Order Completed
/// timestamp: { column: date, format: "%Y%m%d", zone: America/New_York }
/// identifiers: { user_id: { column: customer, prefix: "cd-" } }
/// properties:
///   quantity: { column: items, type: number }
///   revenue: { column: amount, type: number }
///   currency: { value: USD }
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    separator: Separator,
    columns: Vec<String>,
    #[serde(default)]
    skip_lines: usize,
    event: String,
    timestamp: TimeField,
    identifiers: BTreeMap<String, Field>,
    #[serde(default)]
    properties: BTreeMap<String, Field>,
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Separator {
    Comma,
    Tab,
    Semicolon,
    Whitespace,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeField {
    column: serde_saphyr::Spanned<String>,
    /// strftime; without it the time is read like any event's.
    format: Option<serde_saphyr::Spanned<String>>,
    /// IANA zone of times without an offset; UTC where it is not given.
    zone: Option<serde_saphyr::Spanned<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    column: Option<serde_saphyr::Spanned<String>>,
    value: Option<Value>,
    #[serde(default)]
    prefix: String,
    #[serde(default, rename = "type")]
    kind: FieldType,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum FieldType {
    #[default]
    Text,
    Number,
}

impl Mapping {
    /// Reads and checks a mapping file.
    pub fn parse(yaml: &str) -> Result<Mapping, MappingError> {
        let mapping: Mapping = serde_saphyr::from_str(yaml).map_err(|error| {
            let at = error.location();
            let text = error.without_snippet().to_string();
            // The place stands beside it already.
            let message =
                text.lines().next().unwrap_or_default().split(" at line ").next().unwrap_or_default();
            MappingError {
                line: at.map_or(1, |at| at.line()),
                column: at.map_or(1, |at| at.column()),
                message: message.to_owned(),
            }
        })?;
        mapping.check()?;
        Ok(mapping)
    }

    /// How many lines at the head of a file are no rows.
    pub fn skip_lines(&self) -> usize {
        self.skip_lines
    }

    /// The Segment-spec record that a row stands for. `line` is the row's number from 1, part of the
    /// message id, since two equal rows are two events.
    pub fn record(&self, row: &str, source: &str, line: u64) -> Result<Vec<u8>, Rejection> {
        let cells = self.split(row);
        if cells.len() != self.columns.len() {
            let reason = format!("{} columns where the mapping names {}", cells.len(), self.columns.len());
            return Err(Rejection::new(Code::InvalidRow, "", reason));
        }
        let cell = |name: &str| {
            let at = self.columns.iter().position(|column| column == name);
            at.map_or("", |at| cells[at].trim())
        };
        let mut record = Map::new();
        record.insert("type".into(), json!("track"));
        record.insert("event".into(), json!(self.event));
        record.insert("messageId".into(), json!(format!("{source}:{line}")));
        record.insert("timestamp".into(), json!(self.timestamp.read(cell(&self.timestamp.column.value))?));
        let mut external = Vec::new();
        for (name, field) in &self.identifiers {
            let value = field.identifier(&cell);
            match IdentifierKind::parse(name) {
                Some(IdentifierKind::User) => drop(record.insert("userId".into(), json!(value))),
                Some(IdentifierKind::Anonymous) => drop(record.insert("anonymousId".into(), json!(value))),
                _ => external.push(json!({"type": name, "id": value})),
            }
        }
        if !external.is_empty() {
            record.insert("context".into(), json!({"externalIds": external}));
        }
        let mut properties = Map::new();
        for (name, field) in &self.properties {
            properties.insert(name.clone(), field.value(name, &cell)?);
        }
        record.insert("properties".into(), Value::Object(properties));
        Ok(Value::Object(record).to_string().into_bytes())
    }

    fn split<'a>(&self, row: &'a str) -> Vec<&'a str> {
        let separator = match self.separator {
            Separator::Whitespace => return row.split_whitespace().collect(),
            Separator::Comma => ',',
            Separator::Tab => '\t',
            Separator::Semicolon => ';',
        };
        let mut cells = Vec::new();
        let mut rest = row.trim_end_matches(['\r', '\n']);
        // A quoted cell may hold the separator; its quotes are dropped.
        loop {
            if let Some(end) = rest.strip_prefix('"').and_then(|inner| inner.find('"')) {
                cells.push(&rest[1..end + 1]);
                rest = &rest[end + 2..];
                match rest.find(separator) {
                    Some(at) => rest = &rest[at + 1..],
                    None => return cells,
                }
            } else if let Some((cell, after)) = rest.split_once(separator) {
                cells.push(cell);
                rest = after;
            } else {
                cells.push(rest);
                return cells;
            }
        }
    }

    fn check(&self) -> Result<(), MappingError> {
        let known = |column: &serde_saphyr::Spanned<String>| {
            if self.columns.contains(&column.value) {
                return Ok(());
            }
            let message =
                format!("there is no column `{}`; columns are {}", column.value, self.columns.join(", "));
            Err(at(column, message))
        };
        known(&self.timestamp.column)?;
        if let Some(zone) = &self.timestamp.zone
            && jiff::tz::TimeZone::get(&zone.value).is_err()
        {
            return Err(at(
                zone,
                format!("`{}` is no IANA time zone; write one like Asia/Shanghai", zone.value),
            ));
        }
        if self.identifiers.is_empty() {
            let message = "identifiers: is empty; name at least one, for example user_id".to_owned();
            return Err(MappingError { line: 1, column: 1, message });
        }
        for (name, field) in self.identifiers.iter().chain(&self.properties) {
            match (&field.column, &field.value) {
                (Some(column), None) => known(column)?,
                (None, Some(_)) => {}
                _ => {
                    let message = format!("`{name}` needs either a column or a value");
                    return Err(MappingError { line: 1, column: 1, message });
                }
            }
        }
        Ok(())
    }
}

impl TimeField {
    fn read(&self, text: &str) -> Result<String, Rejection> {
        let refused = || {
            let reason = format!("the column `{}` holds no time of the mapping's format", self.column.value);
            Rejection::new(Code::InvalidRow, self.column.value.clone(), reason)
        };
        let Some(format) = &self.format else {
            return crate::parse_time(text).map(crate::iso_time).ok_or_else(refused);
        };
        let parts = jiff::fmt::strtime::parse(&format.value, text).map_err(|_| refused())?;
        if let Ok(at) = parts.to_timestamp() {
            return Ok(crate::iso_time(at.as_millisecond()));
        }
        let date = parts.to_date().map_err(|_| refused())?;
        let civil = date.to_datetime(parts.to_time().unwrap_or(jiff::civil::Time::midnight()));
        let zone = self.zone.as_ref().map_or("UTC", |zone| zone.value.as_str());
        let at = civil.in_tz(zone).map_err(|_| refused())?;
        Ok(crate::iso_time(at.timestamp().as_millisecond()))
    }
}

impl Field {
    /// As [`Field::text`], but nothing where the cell identifies nobody: a prefix alone would be one person
    /// for all such rows. Under a prefix, `7` or `11111` is a row of a numbered list rather than a placeholder.
    fn identifier<'a>(&'a self, cell: &impl Fn(&str) -> &'a str) -> String {
        let Some(column) = &self.column else { return self.text(cell) };
        let value = cell(&column.value);
        let counted = !value.is_empty() && value.bytes().all(|b| matches!(b, b'1'..=b'9'));
        if crate::is_junk(value) && !counted { String::new() } else { self.text(cell) }
    }

    fn text<'a>(&'a self, cell: &impl Fn(&str) -> &'a str) -> String {
        match (&self.column, &self.value) {
            (Some(column), _) => format!("{}{}", self.prefix, cell(&column.value)),
            (None, Some(Value::String(text))) => text.clone(),
            (None, Some(value)) => value.to_string(),
            (None, None) => String::new(),
        }
    }

    fn value<'a>(&'a self, name: &str, cell: &impl Fn(&str) -> &'a str) -> Result<Value, Rejection> {
        if let Some(value) = &self.value {
            return Ok(value.clone());
        }
        let text = self.text(cell);
        match self.kind {
            FieldType::Text => Ok(Value::String(text)),
            FieldType::Number => text
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
                .map(|number| json!(number))
                .ok_or_else(|| Rejection::new(Code::InvalidRow, name, "not a number")),
        }
    }
}

fn at(spanned: &serde_saphyr::Spanned<String>, message: String) -> MappingError {
    MappingError { line: spanned.referenced.line(), column: spanned.referenced.column(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CDNOW: &str = "\
separator: whitespace
columns: [customer, date, items, amount]
event: Order Completed
timestamp: { column: date, format: \"%Y%m%d\", zone: America/New_York }
identifiers: { user_id: { column: customer, prefix: \"cd-\" } }
properties:
  quantity: { column: items, type: number }
  revenue: { column: amount, type: number }
  currency: { value: USD }
";

    #[test]
    fn a_row_becomes_a_record() {
        let mapping = Mapping::parse(CDNOW).unwrap();
        let record = mapping.record(" 00002 19970112  5   77.00\r", "cdnow", 3).unwrap();
        let record: Value = serde_json::from_slice(&record).unwrap();
        assert_eq!(record["userId"], "cd-00002");
        assert_eq!(record["timestamp"], "1997-01-12T05:00:00.000Z");
        assert_eq!(record["properties"], json!({"quantity": 5.0, "revenue": 77.0, "currency": "USD"}));
        assert_eq!(mapping.record("1 2", "cdnow", 4).unwrap_err().code, Code::InvalidRow);
        assert_eq!(mapping.record("1 19971332 1 1", "cdnow", 4).unwrap_err().field, "date");
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let wrong = CDNOW.replace("column: items", "column: itens");
        let error = Mapping::parse(&wrong).unwrap_err();
        assert_eq!((error.line, error.column), (7, 23));
        assert!(error.message.contains("no column `itens`"), "{error}");
        let error = Mapping::parse(&CDNOW.replace("event:", "evnt:")).unwrap_err();
        assert_eq!(error.line, 3, "{error}");
    }

    #[test]
    fn quoted_cells() {
        let mapping = Mapping::parse(&CDNOW.replace("whitespace", "comma")).unwrap();
        assert_eq!(mapping.split("\"a,b\",c,,d"), ["a,b", "c", "", "d"]);
    }
}
