//! Mapping files: how the records of a source that knows nothing of Rondo become events.

mod amount;
mod clock;
mod column;
mod compile;
mod field;
mod file;
mod record;
mod row;

pub use record::Records;
pub use row::{RowKind, Scratch, Separator};

use column::Column;
use field::Field;
use regex_lite::Regex;

/// What is wrong with a mapping file, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct MappingError {
    pub line: u64,
    pub column: u64,
    pub message: String,
}

/// A mapping: the columns or fields of a source, and the event that each row stands for. One YAML file, for example
///
/// ```yaml
/// format: csv                  # else told by the file: csv, tsv, json, ndjson, parquet, weblog, text
/// event: Order Completed
/// timestamp: { column: date, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin }
/// identifiers: { user_id: { column: customer, prefix: "cd-" }, email: mail }
/// properties:
///   quantity: { column: items, type: integer }
///   revenue: { column: amount, type: money, decimal: comma, currency: EUR }
/// consents: { marketing: { column: newsletter, true: [ja] } }
/// ```
///
/// docs/mapping.md says everything that may stand in one.
#[derive(Debug, Clone)]
pub struct Mapping {
    format: Option<FileFormat>,
    encoding: Option<String>,
    separator: Option<Separator>,
    columns: Vec<String>,
    skip_lines: usize,
    records: Vec<String>,
    pattern: Option<Regex>,
    blocks: bool,
    call: Field,
    event: Option<Field>,
    message_id: Option<Field>,
    timestamp: Option<Field>,
    identifiers: Vec<(String, Field)>,
    traits: Vec<(String, Field)>,
    properties: Vec<(String, Field)>,
    context: Vec<(String, Field)>,
    consents: Vec<(String, Field)>,
    only: Vec<(Column, Vec<String>)>,
    skip: Vec<(Column, Vec<String>)>,
    /// The columns that the fields name.
    names: Vec<String>,
}

/// What the bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    Csv,
    Tsv,
    Json,
    Ndjson,
    Parquet,
    /// A web server's log in the combined format.
    Weblog,
    Text,
}

impl FileFormat {
    /// All formats, as mapping files name them.
    pub const ALL: [(&str, FileFormat); 7] = [
        ("csv", FileFormat::Csv),
        ("tsv", FileFormat::Tsv),
        ("json", FileFormat::Json),
        ("ndjson", FileFormat::Ndjson),
        ("parquet", FileFormat::Parquet),
        ("weblog", FileFormat::Weblog),
        ("text", FileFormat::Text),
    ];

    /// The format of that name.
    pub fn parse(name: &str) -> Option<FileFormat> {
        Self::ALL.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, format)| format)
    }

    /// The format as mapping files name it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }
}

/// Where the columns that a mapping names stand in the rows of one file.
#[derive(Debug, Clone)]
pub struct Layout {
    kind: RowKind,
    slots: Vec<Option<usize>>,
    width: usize,
    /// The columns of a heading.
    header: Vec<String>,
}

impl Mapping {
    /// The format that the mapping says its files have.
    pub fn format(&self) -> Option<FileFormat> {
        self.format
    }

    /// The character encoding of its files, where they are not UTF-8: a label of the Encoding Standard.
    pub fn encoding(&self) -> Option<&str> {
        self.encoding.as_deref()
    }

    /// What stands between cells; nothing where the file says.
    pub fn separator(&self) -> Option<Separator> {
        self.separator
    }

    /// How many lines at the head of a file are no rows, the heading not counted.
    pub fn skip_lines(&self) -> usize {
        self.skip_lines
    }

    /// Whether the first line behind those is a heading that names the columns.
    pub fn has_header(&self) -> bool {
        self.columns.is_empty()
    }

    /// The keys under which the array of records stands in a JSON document; none where it is the document.
    pub fn records_at(&self) -> &[String] {
        &self.records
    }

    /// Whether the records of a text are parted by blank lines, rather than each a line.
    pub fn is_in_blocks(&self) -> bool {
        self.blocks
    }

    /// How rows are taken apart; nothing where the file has to say.
    pub fn kind(&self) -> Option<RowKind> {
        match self.format {
            Some(FileFormat::Csv) => Some(RowKind::Cells(self.separator.unwrap_or(Separator::Char(b',')))),
            Some(FileFormat::Tsv) => Some(RowKind::Cells(self.separator.unwrap_or(Separator::Char(b'\t')))),
            Some(FileFormat::Json | FileFormat::Ndjson | FileFormat::Parquet) => Some(RowKind::Json),
            Some(FileFormat::Weblog) => Some(RowKind::Weblog),
            Some(FileFormat::Text) => Some(self.text_kind()),
            None => self.separator.map(RowKind::Cells),
        }
    }

    /// How a record of plain text is taken apart.
    pub fn text_kind(&self) -> RowKind {
        RowKind::Text(self.pattern.clone())
    }

    /// Where the columns stand. `header` is the heading of a table that has one.
    ///
    /// # Errors
    /// A column that is not there, by name, and what there is; for whoever wrote the mapping.
    pub fn layout(&self, kind: RowKind, header: Option<&str>) -> Result<Layout, String> {
        let columns = match (&kind, header) {
            (RowKind::Cells(separator), Some(header)) => {
                Scratch::default().cells(*separator, header.trim_start_matches('\u{feff}'))
            }
            (RowKind::Cells(_), None) => self.columns.clone(),
            (RowKind::Weblog, _) => row::WEBLOG.map(str::to_owned).to_vec(),
            (RowKind::Text(Some(pattern)), _) => {
                pattern.capture_names().flatten().map(str::to_owned).collect()
            }
            (RowKind::Json | RowKind::Text(None), _) => {
                return Ok(Layout { kind, slots: Vec::new(), width: 0, header: Vec::new() });
            }
        };
        if columns.is_empty() {
            return Err("the mapping names no columns, and there is no heading that does".into());
        }
        let mut slots = Vec::with_capacity(self.names.len());
        for name in &self.names {
            let at = columns.iter().position(|column| column == name);
            if at.is_none() {
                return Err(format!("there is no column `{name}`; columns are {}", columns.join(", ")));
            }
            slots.push(at);
        }
        let width = columns.len();
        Ok(Layout { kind, slots, width, header: if header.is_some() { columns } else { Vec::new() } })
    }
}

impl Layout {
    /// The row as it is kept for a later try: as it stands, but with the names of its columns where only the
    /// heading of its file said them.
    pub fn original(&self, text: &str) -> Option<String> {
        let RowKind::Cells(separator) = self.kind else { return None };
        if self.header.is_empty() {
            return None;
        }
        let cells = Scratch::default().cells(separator, text);
        if cells.len() != self.header.len() {
            return None;
        }
        let fields = self.header.iter().cloned().zip(cells.into_iter().map(serde_json::Value::String));
        Some(serde_json::Value::Object(fields.collect()).to_string())
    }
}
