//! One field of an event: where its value comes from, and what it becomes.

use super::amount::{decimal, of_minor};
use super::clock::Clock;
use super::column::{Cell, Column};
use super::row::Row;
use crate::identifier::is_junk;
use crate::money::Currency;
use crate::rejection::{Code, Rejection};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub source: Source,
    /// Between the texts of several columns.
    pub join: String,
    pub prefix: String,
    pub default: Option<Value>,
    /// What a text stands for; any other is refused where there is no default.
    pub values: Option<BTreeMap<String, Value>>,
    pub required: bool,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Source {
    Columns(Vec<Column>),
    Constant(Value),
    /// An object for each item of an array.
    Each {
        array: Column,
        fields: Vec<(String, Field)>,
    },
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A cell as text, a JSON value as what it is.
    AsIs,
    Text,
    Number {
        comma: bool,
    },
    Integer {
        comma: bool,
    },
    Money {
        comma: bool,
        minor: Option<CurrencyOf>,
    },
    Boolean {
        yes: Vec<String>,
        no: Vec<String>,
    },
    Time(Clock),
    List(String),
    Json,
}

/// The currency of an amount in minor units.
#[derive(Debug, Clone)]
pub(super) enum CurrencyOf {
    Fixed(Currency),
    Column(Column),
}

/// A value on its way into a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Out<'r> {
    Text(Cow<'r, str>),
    /// The text of a JSON value.
    Json(Cow<'r, str>),
}

pub(super) const YES: [&str; 9] = ["true", "yes", "y", "1", "t", "on", "x", "是", "同意"];
pub(super) const NO: [&str; 9] = ["false", "no", "n", "0", "f", "off", "否", "不同意", "-"];

impl Field {
    /// The field's value; nothing where the row has none and the field no default. `name` is the field's own.
    pub fn value<'r>(&'r self, name: &str, row: &Row<'r>) -> Result<Option<Out<'r>>, Rejection> {
        let columns = match &self.source {
            Source::Constant(value) => return Ok(Some(constant(value))),
            Source::Each { array, fields } => {
                return each(name, array, fields, row).map(|out| out.map(Out::owned));
            }
            Source::Columns(columns) => columns,
        };
        if let ([column], Kind::AsIs, None, true) =
            (&columns[..], &self.kind, &self.values, self.prefix.is_empty())
            && let Cell::Json(value) = column.of(row)
        {
            return Ok(Some(Out::Json(Cow::Owned(value.to_string()))));
        }
        let Some(text) = self.text(columns, row) else { return self.missing(name) };
        if let Some(values) = &self.values {
            return match (values.get(text.as_ref()), &self.default) {
                (Some(value), _) | (None, Some(value)) => Ok(Some(constant(value))),
                (None, None) => {
                    Err(refused(name, "a value that is not among the mapping's `values`; add it there"))
                }
            };
        }
        self.convert(name, text, row).map(Some)
    }

    /// As [`Field::value`], as text.
    pub fn plain<'r>(&'r self, name: &str, row: &Row<'r>) -> Result<Option<Cow<'r, str>>, Rejection> {
        Ok(self.value(name, row)?.map(|value| match value {
            Out::Text(text) | Out::Json(text) => text,
        }))
    }

    /// As [`Field::plain`], but nothing where the cell identifies nobody: a prefix alone would be one person for all
    /// such rows. Under a prefix, `7` or `11111` is a row of a numbered list rather than a placeholder.
    pub fn identifier<'r>(&'r self, name: &str, row: &Row<'r>) -> Result<Option<Cow<'r, str>>, Rejection> {
        if let Source::Columns(columns) = &self.source {
            let cells = || columns.iter().filter_map(|column| column.of(row).text());
            let counted =
                |value: &str| !self.prefix.is_empty() && value.bytes().all(|b| matches!(b, b'1'..=b'9'));
            if cells().all(|value| is_junk(&value) && !counted(&value)) {
                return Ok(None);
            }
        }
        self.plain(name, row)
    }

    /// UTC ms; for a field that is a time.
    pub fn time(&self, name: &str, row: &Row<'_>) -> Result<i64, Rejection> {
        let text = match &self.source {
            Source::Columns(columns) => self.text(columns, row),
            _ => None,
        };
        let found = match (&self.kind, &text, &self.default) {
            (Kind::Time(clock), Some(text), _) => clock.read(text),
            (Kind::Time(clock), None, Some(Value::String(text))) => clock.read(text),
            _ => None,
        };
        found.ok_or_else(|| {
            let column = match &self.source {
                Source::Columns(columns) => columns.first().map_or(name, |column| column.name.as_str()),
                _ => name,
            };
            Rejection::new(Code::InvalidRow, column.to_owned(), "no time of the mapping's format")
        })
    }

    fn text<'r>(&'r self, columns: &'r [Column], row: &Row<'r>) -> Option<Cow<'r, str>> {
        let text = match columns {
            [column] => column.of(row).text()?,
            columns => {
                let parts: Vec<_> = columns.iter().filter_map(|column| column.of(row).text()).collect();
                if parts.is_empty() {
                    return None;
                }
                Cow::Owned(parts.join(&self.join))
            }
        };
        Some(if self.prefix.is_empty() { text } else { Cow::Owned(format!("{}{text}", self.prefix)) })
    }

    fn missing(&self, name: &str) -> Result<Option<Out<'_>>, Rejection> {
        match &self.default {
            Some(value) => Ok(Some(constant(value))),
            None if self.required => {
                Err(refused(name, "is missing, and the mapping says that it is required"))
            }
            None => Ok(None),
        }
    }

    fn convert<'r>(&'r self, name: &str, text: Cow<'r, str>, row: &Row<'r>) -> Result<Out<'r>, Rejection> {
        let json = |text: String| Out::Json(Cow::Owned(text));
        Ok(match &self.kind {
            Kind::AsIs | Kind::Text => Out::Text(text),
            Kind::Number { comma } => {
                json(decimal(&text, *comma, false).ok_or_else(|| refused(name, "not a number"))?)
            }
            Kind::Integer { comma } => {
                let number =
                    decimal(&text, *comma, false).ok_or_else(|| refused(name, "not a whole number"))?;
                let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
                if !fraction.bytes().all(|digit| digit == b'0') {
                    return Err(refused(name, "not a whole number"));
                }
                json(whole.to_owned())
            }
            Kind::Money { comma, minor } => {
                let number =
                    decimal(&text, *comma, true).ok_or_else(|| refused(name, "not an amount of money"))?;
                let Some(currency) = minor else { return Ok(json(number)) };
                let currency = match currency {
                    CurrencyOf::Fixed(currency) => *currency,
                    CurrencyOf::Column(column) => {
                        let code = column.of(row).text();
                        code.and_then(|code| Currency::parse(&code))
                            .ok_or_else(|| refused(&column.name, "not the three letters of a currency"))?
                    }
                };
                json(of_minor(&number, currency).ok_or_else(|| refused(name, "not whole minor units"))?)
            }
            Kind::Boolean { yes, no } => {
                let among = |words: &[String], usual: &[&str]| match words.is_empty() {
                    true => usual.iter().any(|word| word.eq_ignore_ascii_case(&text)),
                    false => words.iter().any(|word| word.eq_ignore_ascii_case(&text)),
                };
                match (among(yes, &YES), among(no, &NO)) {
                    (true, _) => Out::Json("true".into()),
                    (false, true) => Out::Json("false".into()),
                    // Where only one side is named, all else is the other.
                    (false, false) if !yes.is_empty() && no.is_empty() => Out::Json("false".into()),
                    (false, false) if yes.is_empty() && !no.is_empty() => Out::Json("true".into()),
                    (false, false) => return Err(refused(name, "neither a word for true nor one for false")),
                }
            }
            Kind::Time(clock) => {
                let at = clock.read(&text).ok_or_else(|| refused(name, "no time of the mapping's format"))?;
                Out::Text(Cow::Owned(crate::iso_time(at)))
            }
            Kind::List(separator) => {
                let items = text.split(separator.as_str()).map(str::trim).filter(|item| !item.is_empty());
                json(Value::from(items.collect::<Vec<_>>()).to_string())
            }
            Kind::Json => {
                let value: Value = serde_json::from_str(&text).map_err(|_| refused(name, "not JSON"))?;
                json(value.to_string())
            }
        })
    }
}

impl Out<'_> {
    fn owned(self) -> Out<'static> {
        match self {
            Out::Text(text) => Out::Text(Cow::Owned(text.into_owned())),
            Out::Json(text) => Out::Json(Cow::Owned(text.into_owned())),
        }
    }

    pub fn into_value(self) -> Value {
        match self {
            Out::Text(text) => Value::String(text.into_owned()),
            Out::Json(text) => serde_json::from_str(&text).unwrap_or_default(),
        }
    }

    /// Writes it as JSON.
    pub fn write(&self, into: &mut Vec<u8>) {
        match self {
            Out::Text(text) => super::record::write_text(text, into),
            Out::Json(text) => into.extend_from_slice(text.as_bytes()),
        }
    }
}

/// An object for each item of the array; nothing where there is none.
fn each(
    name: &str,
    array: &Column,
    fields: &[(String, Field)],
    row: &Row<'_>,
) -> Result<Option<Out<'static>>, Rejection> {
    let parsed;
    let items = match array.of(row) {
        Cell::Nothing => return Ok(None),
        Cell::Json(value) => value,
        Cell::Text(text) => {
            parsed = serde_json::from_str(text).map_err(|_| refused(name, "not a JSON array"))?;
            &parsed
        }
    };
    let items = items.as_array().ok_or_else(|| refused(name, "not an array"))?;
    let mut json = vec![b'['];
    for (n, item) in items.iter().enumerate() {
        json.extend_from_slice(if n > 0 { b",{" } else { b"{" });
        let mut first = true;
        for (name, field) in fields {
            if let Some(value) = field.value(name, &Row::Json(item))? {
                if !std::mem::take(&mut first) {
                    json.push(b',');
                }
                super::record::write_text(name, &mut json);
                json.push(b':');
                value.write(&mut json);
            }
        }
        json.push(b'}');
    }
    json.push(b']');
    Ok(Some(Out::Json(Cow::Owned(String::from_utf8(json).unwrap_or_default()))))
}

fn constant(value: &Value) -> Out<'_> {
    match value {
        Value::String(text) => Out::Text(Cow::Borrowed(text)),
        other => Out::Json(Cow::Owned(other.to_string())),
    }
}

pub(super) fn refused(field: &str, reason: &str) -> Rejection {
    Rejection::new(Code::InvalidRow, field.to_owned(), reason.to_owned())
}
