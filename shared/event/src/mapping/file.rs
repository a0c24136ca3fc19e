//! A mapping file as it is written.

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fmt;

/// Names and their fields, each with its place.
pub(super) type Fields = BTreeMap<String, Spanned<FieldFile>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingFile {
    pub format: Option<Spanned<String>>,
    pub encoding: Option<Spanned<String>>,
    pub separator: Option<Spanned<String>>,
    #[serde(default)]
    pub columns: Vec<String>,
    #[serde(default)]
    pub skip_lines: usize,
    pub records: Option<Spanned<String>>,
    pub pattern: Option<Spanned<String>>,
    #[serde(default)]
    pub blocks: bool,
    #[serde(rename = "type")]
    pub kind: Option<Spanned<Constant>>,
    pub event: Option<Spanned<Constant>>,
    pub message_id: Option<Spanned<FieldFile>>,
    pub timestamp: Option<Spanned<FieldFile>>,
    #[serde(default)]
    pub identifiers: Fields,
    #[serde(default)]
    pub traits: Fields,
    #[serde(default)]
    pub properties: Fields,
    #[serde(default)]
    pub context: Fields,
    #[serde(default)]
    pub consents: Fields,
    #[serde(default)]
    pub only: BTreeMap<String, Names>,
    #[serde(default)]
    pub skip: BTreeMap<String, Names>,
}

/// Where a value comes from and how it is read. A bare text is the name of a column.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FieldForm {
    column: Option<Spanned<Names>>,
    path: Option<Spanned<Names>>,
    value: Option<Value>,
    each: Option<Spanned<String>>,
    fields: Fields,
    join: Option<String>,
    prefix: String,
    #[serde(rename = "type")]
    kind: Option<Spanned<String>>,
    default: Option<Value>,
    values: Option<BTreeMap<String, Value>>,
    required: bool,
    format: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
    unit: Option<Spanned<String>>,
    currency: Option<Spanned<CurrencyFile>>,
    decimal: Option<Spanned<String>>,
    #[serde(rename = "true")]
    yes: Option<Names>,
    #[serde(rename = "false")]
    no: Option<Names>,
    separator: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct FieldFile {
    pub column: Option<Spanned<Names>>,
    /// The name of a column, where the field is a bare text.
    pub bare: Option<String>,
    pub value: Option<Value>,
    pub each: Option<Spanned<String>>,
    pub fields: Fields,
    pub join: Option<String>,
    pub prefix: String,
    pub kind: Option<Spanned<String>>,
    pub default: Option<Value>,
    pub values: Option<BTreeMap<String, Value>>,
    pub required: bool,
    pub format: Option<Spanned<String>>,
    pub zone: Option<Spanned<String>>,
    pub unit: Option<Spanned<String>>,
    pub currency: Option<Spanned<CurrencyFile>>,
    pub decimal: Option<Spanned<String>>,
    pub yes: Option<Vec<String>>,
    pub no: Option<Vec<String>>,
    pub separator: Option<String>,
}

impl From<FieldForm> for FieldFile {
    fn from(form: FieldForm) -> FieldFile {
        FieldFile {
            column: form.column.or(form.path),
            bare: None,
            value: form.value,
            each: form.each,
            fields: form.fields,
            join: form.join,
            prefix: form.prefix,
            kind: form.kind,
            default: form.default,
            values: form.values,
            required: form.required,
            format: form.format,
            zone: form.zone,
            unit: form.unit,
            currency: form.currency,
            decimal: form.decimal,
            yes: form.yes.map(|names| names.0),
            no: form.no.map(|names| names.0),
            separator: form.separator,
        }
    }
}

impl<'de> Deserialize<'de> for FieldFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FieldFile, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = FieldFile;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column, or { column: …, type: … }")
            }
            fn visit_str<E: Error>(self, column: &str) -> Result<FieldFile, E> {
                Ok(FieldFile { bare: Some(column.to_owned()), ..FieldFile::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FieldFile, A::Error> {
                FieldForm::deserialize(MapAccessDeserializer::new(map)).map(FieldFile::from)
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// A type or an event's name: a bare text is the word itself.
#[derive(Debug)]
pub(super) enum Constant {
    Word(String),
    Field(Box<FieldFile>),
}

impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Constant, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Constant;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or { column: …, values: { … } }")
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Constant, E> {
                Ok(Constant::Word(word.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Constant, A::Error> {
                let form = FieldForm::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Constant::Field(Box::new(form.into())))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// An ISO 4217 code, or the column that holds one.
#[derive(Debug, Clone)]
pub(super) enum CurrencyFile {
    Code(String),
    Column(String),
}

impl<'de> Deserialize<'de> for CurrencyFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CurrencyFile, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct InColumn {
            column: String,
        }
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = CurrencyFile;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("three letters like EUR, or { column: … }")
            }
            fn visit_str<E: Error>(self, code: &str) -> Result<CurrencyFile, E> {
                Ok(CurrencyFile::Code(code.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CurrencyFile, A::Error> {
                let given = InColumn::deserialize(MapAccessDeserializer::new(map))?;
                Ok(CurrencyFile::Column(given.column))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// One text or several.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names(vec![name.to_owned()]))
            }
            fn visit_bool<E: Error>(self, word: bool) -> Result<Names, E> {
                Ok(Names(vec![word.to_string()]))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Names, E> {
                Ok(Names(vec![number.to_string()]))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Names, E> {
                Ok(Names(vec![number.to_string()]))
            }
            fn visit_unit<E: Error>(self) -> Result<Names, E> {
                Ok(Names(vec![String::new()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Names, A::Error> {
                Vec::<String>::deserialize(SeqAccessDeserializer::new(seq)).map(Names)
            }
        }
        deserializer.deserialize_any(Form)
    }
}
