//! From a mapping file as it is written to a checked mapping.

use super::clock::{Clock, Unit};
use super::field::{CurrencyOf, Field, Kind, Source};
use super::file::{Constant, CurrencyFile, FieldFile, Fields, MappingFile, Names};
use super::row::{RowKind, Separator, WEBLOG};
use super::{Column, FileFormat, Mapping, MappingError};
use crate::event::EventType;
use crate::money::Currency;
use jiff::tz::TimeZone;
use regex_lite::Regex;
use serde_json::Value;
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeMap;

/// The time of a web server's log.
const WEBLOG_TIME: &str = "%d/%b/%Y:%H:%M:%S %z";

impl Mapping {
    /// Reads and checks a mapping file.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn parse(yaml: &str) -> Result<Mapping, MappingError> {
        let file: MappingFile = serde_saphyr::from_str(yaml).map_err(|error| {
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
        let format = match &file.format {
            Some(name) => Some(FileFormat::parse(&name.value).ok_or_else(|| {
                let known = FileFormat::ALL.map(|(name, _)| name).join(", ");
                wrong(&name.referenced, format!("`{}` is no format; formats are {known}", name.value))
            })?),
            None if file.pattern.is_some() => Some(FileFormat::Text),
            None => None,
        };
        let pattern = match &file.pattern {
            Some(text) => Some(
                Regex::new(&text.value)
                    .map_err(|error| wrong(&text.referenced, format!("not a regular expression: {error}")))?,
            ),
            None => None,
        };
        let mut compiler = Compiler { columns: file.columns.clone(), names: Vec::new() };
        match (&format, &pattern) {
            (Some(FileFormat::Weblog), _) => compiler.columns = WEBLOG.map(str::to_owned).to_vec(),
            (_, Some(pattern)) => {
                compiler.columns = pattern.capture_names().flatten().map(str::to_owned).collect();
            }
            _ => {}
        }
        let mut mapping = Mapping {
            format,
            encoding: None,
            separator: None,
            columns: file.columns,
            skip_lines: file.skip_lines,
            records: Vec::new(),
            pattern,
            blocks: file.blocks,
            call: constant(EventType::Track.as_str()),
            event: None,
            message_id: None,
            timestamp: None,
            identifiers: Vec::new(),
            traits: Vec::new(),
            properties: Vec::new(),
            context: Vec::new(),
            consents: Vec::new(),
            only: Vec::new(),
            skip: Vec::new(),
            names: Vec::new(),
        };
        if let Some(separator) = &file.separator {
            mapping.separator = Some(separator_of(&separator.value).ok_or_else(|| {
                let known = "comma, tab, semicolon, pipe, whitespace, or one ASCII character";
                wrong(&separator.referenced, format!("`{}` is no separator; write {known}", separator.value))
            })?);
        }
        if let Some(encoding) = &file.encoding {
            let label = encoding.value.trim().to_ascii_lowercase();
            if encoding_rs::Encoding::for_label(label.as_bytes()).is_none() {
                let text =
                    format!("`{}` is no encoding; write one like gb18030 or windows-1252", encoding.value);
                return Err(wrong(&encoding.referenced, text));
            }
            mapping.encoding = (label != "utf-8" && label != "utf8").then_some(label);
        }
        if let Some(records) = &file.records {
            let path = records.value.trim_start_matches("$.").trim_end_matches("[*]");
            mapping.records = path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        }
        if let Some(kind) = &file.kind {
            if let Constant::Word(word) = &kind.value
                && EventType::parse(word).is_none()
            {
                let known = "identify, track, page, screen, group, alias";
                return Err(wrong(&kind.referenced, format!("`{word}` is no type; types are {known}")));
            }
            mapping.call = compiler.constant(kind)?;
        }
        mapping.event = file.event.as_ref().map(|event| compiler.constant(event)).transpose()?;
        let track = matches!(&mapping.call.source, Source::Constant(word) if word == "track");
        if track && mapping.event.is_none() {
            return Err(first("event: is missing; say what happened, for example Order Completed"));
        }
        mapping.message_id = compiler.optional("message_id", file.message_id, Kind::Text)?;
        mapping.timestamp = match file.timestamp {
            Some(field) => Some(compiler.timestamp(field, format)?),
            None if format == Some(FileFormat::Weblog) => {
                let column = FieldFile { bare: Some("time".into()), ..FieldFile::default() };
                let here = Location::UNKNOWN;
                Some(compiler.timestamp(Spanned::new(column, here, here), format)?)
            }
            None => None,
        };
        if file.identifiers.is_empty() {
            return Err(first("identifiers: is empty; name at least one, for example user_id"));
        }
        mapping.identifiers = compiler.fields(file.identifiers, || Kind::Text)?;
        mapping.traits = compiler.fields(file.traits, || Kind::AsIs)?;
        let currency = currency_of(&file.properties);
        mapping.properties = compiler.fields(file.properties, || Kind::AsIs)?;
        if let Some((currency, at)) = currency {
            let source = match currency {
                CurrencyFile::Code(code) => Source::Constant(Value::String(code.to_ascii_uppercase())),
                CurrencyFile::Column(name) => Source::Columns(vec![compiler.column(&name, &at)?]),
            };
            mapping.properties.push(("currency".into(), Field { source, ..constant("") }));
        }
        mapping.context = compiler.fields(file.context, || Kind::AsIs)?;
        mapping.consents =
            compiler.fields(file.consents, || Kind::Boolean { yes: Vec::new(), no: Vec::new() })?;
        mapping.only = compiler.filters(file.only)?;
        mapping.skip = compiler.filters(file.skip)?;
        mapping.names = compiler.names;
        if matches!(mapping.kind(), Some(RowKind::Cells(Separator::Whitespace))) && mapping.columns.is_empty()
        {
            return Err(first("columns: is missing; with blanks between cells the columns have to be named"));
        }
        Ok(mapping)
    }
}

struct Compiler {
    /// The columns there are; empty where the file says them.
    columns: Vec<String>,
    /// Those that fields name.
    names: Vec<String>,
}

impl Compiler {
    fn column(&mut self, name: &str, at: &Location) -> Result<Column, MappingError> {
        if !self.columns.is_empty() && !self.columns.iter().any(|known| known == name) {
            let message = format!("there is no column `{name}`; columns are {}", self.columns.join(", "));
            return Err(wrong(at, message));
        }
        Column::parse(name, &mut self.names).map_err(|message| wrong(at, message))
    }

    fn filters(
        &mut self,
        filters: BTreeMap<String, Names>,
    ) -> Result<Vec<(Column, Vec<String>)>, MappingError> {
        let filters = filters.into_iter();
        filters.map(|(name, values)| Ok((self.column(&name, &Location::UNKNOWN)?, values.0))).collect()
    }

    fn constant(&mut self, constant: &Spanned<Constant>) -> Result<Field, MappingError> {
        match &constant.value {
            Constant::Word(word) => Ok(self::constant(word)),
            Constant::Field(field) => {
                let (columns, at) = (field.column.as_ref(), &constant.referenced);
                let columns = columns.ok_or_else(|| wrong(at, "needs a column".to_owned()))?;
                let source = self.columns_of(&columns.value.0, &columns.referenced)?;
                Ok(Field {
                    source,
                    values: field.values.clone(),
                    default: field.default.clone(),
                    prefix: field.prefix.clone(),
                    ..self::constant("")
                })
            }
        }
    }

    fn columns_of(&mut self, names: &[String], at: &Location) -> Result<Source, MappingError> {
        let columns = names.iter().map(|name| self.column(name, at));
        Ok(Source::Columns(columns.collect::<Result<_, _>>()?))
    }

    fn optional(
        &mut self,
        name: &str,
        field: Option<Spanned<FieldFile>>,
        kind: Kind,
    ) -> Result<Option<Field>, MappingError> {
        field.map(|field| self.field(name, field, kind)).transpose()
    }

    fn timestamp(
        &mut self,
        field: Spanned<FieldFile>,
        format: Option<FileFormat>,
    ) -> Result<Field, MappingError> {
        let at = field.referenced;
        let mut clock = clock(&field.value)?;
        if clock.format.is_none() && clock.unit.is_none() && format == Some(FileFormat::Weblog) {
            clock.format = Some(WEBLOG_TIME.into());
        }
        if field.value.column.is_none() && field.value.bare.is_none() {
            return Err(wrong(&at, "`timestamp` needs a column".into()));
        }
        let field = self.field("timestamp", field, Kind::AsIs)?;
        Ok(Field { kind: Kind::Time(clock), ..field })
    }

    fn fields(
        &mut self,
        fields: Fields,
        usual: impl Fn() -> Kind + Copy,
    ) -> Result<Vec<(String, Field)>, MappingError> {
        let fields = fields.into_iter();
        fields.map(|(name, field)| Ok((name.clone(), self.field(&name, field, usual())?))).collect()
    }

    fn field(&mut self, name: &str, field: Spanned<FieldFile>, usual: Kind) -> Result<Field, MappingError> {
        let (at, file) = (field.referenced, field.value);
        let kind = self.kind(&file, usual)?;
        let source = match (&file.column, &file.bare, &file.value, &file.each) {
            (Some(columns), None, None, None) => self.columns_of(&columns.value.0, &columns.referenced)?,
            (None, Some(column), None, None) => self.columns_of(std::slice::from_ref(column), &at)?,
            (None, None, Some(value), None) => Source::Constant(value.clone()),
            (None, None, None, Some(array)) => {
                let array = self.column(&array.value, &array.referenced)?;
                // What stands in an item is no column of the row.
                let mut items = Compiler { columns: Vec::new(), names: Vec::new() };
                Source::Each { array, fields: items.fields(file.fields, || Kind::AsIs)? }
            }
            _ => return Err(wrong(&at, format!("`{name}` needs either a column or a value"))),
        };
        let join = file.join.unwrap_or_else(|| if name == "timestamp" { " ".into() } else { "-".into() });
        Ok(Field {
            source,
            join,
            prefix: file.prefix,
            default: file.default,
            values: file.values,
            required: file.required,
            kind,
        })
    }

    fn kind(&mut self, file: &FieldFile, usual: Kind) -> Result<Kind, MappingError> {
        let comma = match &file.decimal {
            None => false,
            Some(mark) => match mark.value.as_str() {
                "comma" | "," => true,
                "point" | "." => false,
                other => {
                    let text = format!("`{other}` is no decimal mark; write comma or point");
                    return Err(wrong(&mark.referenced, text));
                }
            },
        };
        let words = |words: &Option<Vec<String>>| words.clone().unwrap_or_default();
        let boolean = || Kind::Boolean { yes: words(&file.yes), no: words(&file.no) };
        let Some(kind) = &file.kind else {
            return Ok(if file.yes.is_some() || file.no.is_some() { boolean() } else { usual });
        };
        Ok(match kind.value.as_str() {
            "text" => Kind::Text,
            "number" => Kind::Number { comma },
            "integer" => Kind::Integer { comma },
            "money" => Kind::Money { comma, minor: self.minor(file, &kind.referenced)? },
            "boolean" => boolean(),
            "time" => Kind::Time(clock(file)?),
            "list" => {
                Kind::List(file.separator.clone().filter(|s| !s.is_empty()).unwrap_or_else(|| ",".into()))
            }
            "json" => Kind::Json,
            other => {
                let known = "text, number, integer, money, boolean, time, list, json";
                return Err(wrong(&kind.referenced, format!("`{other}` is no type; types are {known}")));
            }
        })
    }

    /// The currency of an amount in minor units; nothing for one in major units.
    fn minor(&mut self, file: &FieldFile, at: &Location) -> Result<Option<CurrencyOf>, MappingError> {
        let fixed = match &file.currency {
            Some(given) => match &given.value {
                CurrencyFile::Code(code) => {
                    Some(CurrencyOf::Fixed(Currency::parse(code).ok_or_else(|| {
                        let text = format!("`{code}` is no currency; write three letters, like EUR");
                        wrong(&given.referenced, text)
                    })?))
                }
                CurrencyFile::Column(name) => Some(CurrencyOf::Column(self.column(name, &given.referenced)?)),
            },
            None => None,
        };
        match &file.unit {
            None => Ok(None),
            Some(unit) => match (unit.value.as_str(), fixed) {
                ("major", _) => Ok(None),
                ("minor", Some(currency)) => Ok(Some(currency)),
                ("minor", None) => {
                    Err(wrong(at, "minor units need a currency, which says how many make one".into()))
                }
                (other, _) => {
                    let text = format!("`{other}` is no unit of money; write major or minor");
                    Err(wrong(&unit.referenced, text))
                }
            },
        }
    }
}

fn clock(file: &FieldFile) -> Result<Clock, MappingError> {
    let zone = match &file.zone {
        None => TimeZone::UTC,
        Some(zone) => TimeZone::get(&zone.value).map_err(|_| {
            let text = format!("`{}` is no IANA time zone; write one like Asia/Shanghai", zone.value);
            wrong(&zone.referenced, text)
        })?,
    };
    let unit = match &file.unit {
        None => None,
        Some(unit) => Some(Unit::parse(&unit.value).ok_or_else(|| {
            wrong(&unit.referenced, format!("`{}` is no unit of time; write s, ms or us", unit.value))
        })?),
    };
    Ok(Clock { format: file.format.as_ref().map(|format| format.value.clone()), zone, unit })
}

/// The currency that an amount among the properties names, where no property is one.
fn currency_of(properties: &Fields) -> Option<(CurrencyFile, Location)> {
    if properties.contains_key("currency") {
        return None;
    }
    let given = properties.values().find_map(|field| field.value.currency.as_ref())?;
    Some((given.value.clone(), given.referenced))
}

fn separator_of(name: &str) -> Option<Separator> {
    Some(match name {
        "comma" => Separator::Char(b','),
        "tab" => Separator::Char(b'\t'),
        "semicolon" => Separator::Char(b';'),
        "pipe" => Separator::Char(b'|'),
        "whitespace" => Separator::Whitespace,
        other => match other.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Separator::Char(*byte),
            _ => return None,
        },
    })
}

fn constant(word: &str) -> Field {
    Field {
        source: Source::Constant(Value::String(word.to_owned())),
        join: "-".into(),
        prefix: String::new(),
        default: None,
        values: None,
        required: false,
        kind: Kind::Text,
    }
}

fn wrong(at: &Location, message: String) -> MappingError {
    MappingError { line: at.line().max(1), column: at.column().max(1), message }
}

/// A mistake of the file as a whole.
fn first(message: &str) -> MappingError {
    MappingError { line: 1, column: 1, message: message.to_owned() }
}
