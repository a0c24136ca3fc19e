//! The first rows of a file of unknown format, as a table.

use crate::columns::ColumnRows;
use crate::shape::format_of;
use crate::split::skip_blanks;
use crate::{ImportError, JsonPlace, Lines, Position, SourceFile, Splitting};
use event::{FileFormat, Scratch, Separator};
use serde_json::Value;
use std::io;

/// How many rows are looked at.
const ROWS: usize = 500;
/// How deep a JSON record is looked into.
const DEPTH: usize = 4;
const WEBLOG: [&str; 6] = ["host", "user", "method", "path", "status", "user_agent"];

pub(super) struct Sample {
    pub format: FileFormat,
    pub encoding: Option<&'static str>,
    /// As mapping files name it; nothing for the format's usual one.
    pub separator: Option<&'static str>,
    pub header: bool,
    /// Lines at the head that are no rows, the heading not counted.
    pub skip_lines: u64,
    /// The keys under which the array of records stands.
    pub records: Option<String>,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Arrays of objects within records.
    pub arrays: Vec<Array>,
}

/// An array of objects within JSON records: its path, and the values of each field of its items.
pub(super) struct Array {
    pub name: String,
    pub fields: Vec<(String, Vec<String>)>,
}

impl Sample {
    pub fn take(file: SourceFile) -> Result<Sample, ImportError> {
        let name = file.name.clone();
        let unreadable = |error: io::Error| ImportError::reading(&name, &error);
        let peeked = file.peeked().map_err(unreadable)?;
        if peeked.head().starts_with(b"PAR1") {
            let mut rows = ColumnRows::open(file.into_file(), Position::default()).map_err(unreadable)?;
            let batch = rows.next_batch(ROWS).map_err(unreadable)?;
            let values = batch.iter().flat_map(|batch| batch.lines.iter().map(|line| batch.bytes(line)));
            let values: Vec<Value> = values.filter_map(|bytes| serde_json::from_slice(bytes).ok()).collect();
            return Ok(Sample::of_json(FileFormat::Parquet, None, &values));
        }
        let encoding = guessed_encoding(peeked.head());
        let peeked = peeked.in_utf8(encoding).map_err(unreadable)?;
        let mut sample = Sample::of_text(&name, peeked.head());
        sample.encoding = encoding;
        Ok(sample)
    }

    fn of_text(name: &str, head: &[u8]) -> Sample {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        if matches!(head.get(skip_blanks(head, 0)), Some(b'{' | b'[')) {
            return Sample::of_document(name, head);
        }
        let separators = [(b',', "comma"), (b'\t', "tab"), (b';', "semicolon"), (b'|', "pipe")];
        let numbered = rows_of(head, Splitting::Lines);
        let lines: Vec<String> = numbered.iter().map(|(_, line)| line.clone()).collect();
        let kind = event::Mapping::parse("format: weblog\nevent: E\nidentifiers: { device_id: host }\n");
        if let Ok(mapping) = kind
            && lines.iter().take(20).filter(|line| mapping.records(line, "", 1).is_ok()).count() * 2
                > lines.len().min(20)
        {
            return Sample::of_weblog(&lines);
        }
        let fitting = separators.into_iter().map(|(byte, word)| {
            let rows = rows_of(head, Splitting::Rows(Separator::Char(byte)));
            let cells = rows
                .iter()
                .map(|(n, row)| (*n, Scratch::default().cells(Separator::Char(byte), row)))
                .collect::<Vec<_>>();
            (alike(&cells), byte, word, cells)
        });
        let best = fitting.max_by_key(|(alike, byte, ..)| (*alike, std::cmp::Reverse(*byte)));
        let (cells, separator) = match best {
            Some((alike, byte, word, cells)) if alike > 0 => {
                let usual = match format_of(name) {
                    Some(FileFormat::Tsv) => byte == b'\t',
                    _ => byte == b',',
                };
                (cells, (!usual).then_some(word))
            }
            _ => {
                let split = |line: &str| line.split_whitespace().map(str::to_owned).collect();
                let cells = numbered.iter().map(|(n, line)| (*n, split(line)));
                (cells.collect(), Some("whitespace"))
            }
        };
        let format = match format_of(name) {
            Some(FileFormat::Tsv) => FileFormat::Tsv,
            _ => FileFormat::Csv,
        };
        let mut sample = Sample::table(format, cells);
        sample.separator = separator;
        // With blanks between cells, columns have to be named.
        if separator == Some("whitespace") && sample.header {
            sample.header = false;
            sample.skip_lines += 1;
        }
        sample
    }

    /// From rows with the numbers of their lines.
    fn table(format: FileFormat, rows: Vec<(u64, Vec<String>)>) -> Sample {
        let width = usual_width(&rows);
        let mut rows = rows.into_iter().skip_while(|(_, row)| row.len() != width).peekable();
        let skip_lines = rows.peek().map_or(0, |(number, _)| number - 1);
        let header = rows.peek().is_some_and(|(_, row)| is_heading(row));
        let columns = match rows.next_if(|_| header) {
            Some((_, row)) => row,
            None => (1..=width).map(|n| format!("column_{n}")).collect(),
        };
        let rows = rows.map(|(_, row)| row).filter(|row| row.len() == width).take(ROWS).collect();
        let arrays = Vec::new();
        Sample {
            format,
            encoding: None,
            separator: None,
            header,
            skip_lines,
            records: None,
            columns,
            rows,
            arrays,
        }
    }

    fn of_weblog(lines: &[String]) -> Sample {
        let cell = |line: &String, n: usize| {
            let parts: Vec<&str> = line.split('"').collect();
            let words: Vec<&str> = line.split_whitespace().collect();
            let request: Vec<&str> = parts.get(1).unwrap_or(&"").split(' ').collect();
            let status: Vec<&str> = parts.get(2).unwrap_or(&"").split_whitespace().collect();
            let text = match n {
                0 => words.first(),
                1 => words.get(2).filter(|user| **user != "-"),
                2 => request.first(),
                3 => request.get(1),
                4 => status.first(),
                _ => parts.get(5),
            };
            text.copied().unwrap_or_default().to_owned()
        };
        let rows = lines.iter().take(ROWS).map(|line| (0..WEBLOG.len()).map(|n| cell(line, n)).collect());
        Sample {
            format: FileFormat::Weblog,
            encoding: None,
            separator: None,
            header: false,
            skip_lines: 0,
            records: None,
            columns: WEBLOG.map(str::to_owned).to_vec(),
            rows: rows.collect(),
            arrays: Vec::new(),
        }
    }

    /// JSON records, one a line or in a document.
    fn of_document(name: &str, head: &[u8]) -> Sample {
        let start = skip_blanks(head, 0);
        let keys: Option<Vec<String>> = match head[start] {
            b'[' => Some(Vec::new()),
            _ if format_of(name) == Some(FileFormat::Ndjson) => None,
            _ => array_key(head).map(|key| vec![key]),
        };
        let splitting = match &keys {
            Some(keys) => Splitting::Json(JsonPlace::Array(keys.clone())),
            None => Splitting::Json(JsonPlace::Values),
        };
        let values: Vec<Value> =
            rows_of(head, splitting).iter().filter_map(|(_, text)| serde_json::from_str(text).ok()).collect();
        let format = match (&keys, format_of(name)) {
            (None, Some(FileFormat::Ndjson)) => FileFormat::Ndjson,
            _ => FileFormat::Json,
        };
        let records = keys.filter(|keys| !keys.is_empty()).map(|keys| keys.join("."));
        Sample::of_json(format, records, &values)
    }

    fn of_json(format: FileFormat, records: Option<String>, values: &[Value]) -> Sample {
        let (mut columns, mut arrays): (Vec<String>, Vec<Array>) = (Vec::new(), Vec::new());
        let mut flat = Vec::new();
        for value in values.iter().take(ROWS) {
            let mut row = Vec::new();
            flatten("", value, 0, &mut row, &mut arrays);
            for (path, _) in &row {
                if !columns.contains(path) && columns.len() < 200 {
                    columns.push(path.clone());
                }
            }
            flat.push(row);
        }
        let cell = |row: &Vec<(String, String)>, column: &String| {
            row.iter().find(|(path, _)| path == column).map_or(String::new(), |(_, text)| text.clone())
        };
        let rows = flat.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect();
        Sample {
            format,
            encoding: None,
            separator: None,
            header: true,
            skip_lines: 0,
            records,
            columns,
            rows,
            arrays,
        }
    }
}

/// The whole records of the beginning of a file.
fn rows_of(head: &[u8], splitting: Splitting) -> Vec<(u64, String)> {
    // What was cut off by the end of the beginning is no row.
    let end = match splitting {
        Splitting::Json(_) => head.len(),
        _ if head.len() < crate::stream::HEAD as usize => head.len(),
        _ => memchr::memrchr(b'\n', head).map_or(head.len(), |at| at + 1),
    };
    let mut lines = Lines::new(&head[..end], Position::default()).splitting(splitting);
    let mut rows = Vec::new();
    while let Ok(Some(batch)) = lines.next_batch(ROWS) {
        let texts = batch
            .lines
            .iter()
            .map(|line| (line.number, String::from_utf8_lossy(batch.bytes(line)).into_owned()));
        rows.extend(texts);
    }
    rows
}

/// How many rows have the usual number of cells, which is more than one; a preference for more cells where equal.
fn alike(rows: &[(u64, Vec<String>)]) -> usize {
    let width = usual_width(rows);
    if width < 2 {
        return 0;
    }
    rows.iter().filter(|(_, row)| row.len() == width).count() * 1000 / rows.len().max(1) * 1000 + width
}

fn usual_width(rows: &[(u64, Vec<String>)]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for (_, row) in rows {
        *counts.entry(row.len()).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(width, count)| (*count, *width)).map_or(0, |(width, _)| width)
}

/// Whether the cells are names rather than values.
fn is_heading(row: &[String]) -> bool {
    let name = |cell: &String| {
        !cell.is_empty()
            && cell.chars().count() <= 60
            && !cell.contains('@')
            && !cell.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '$')
    };
    let mut seen = std::collections::HashSet::new();
    row.iter().all(|cell| name(cell) && seen.insert(cell))
}

/// The first key of an object under which an array of objects stands.
fn array_key(head: &[u8]) -> Option<String> {
    let candidates =
        ["data", "records", "orders", "items", "customers", "events", "results", "rows", "batch"];
    let found = candidates.into_iter().find(|key| {
        let keys = [(*key).to_owned()];
        match crate::split::find_array(head, &keys) {
            crate::split::Found::Behind(at) => head.get(skip_blanks(head, at)) == Some(&b'{'),
            crate::split::Found::Nowhere => false,
        }
    });
    found.map(str::to_owned)
}

fn flatten(
    path: &str,
    value: &Value,
    depth: usize,
    row: &mut Vec<(String, String)>,
    arrays: &mut Vec<Array>,
) {
    match value {
        Value::Object(fields) if depth < DEPTH => {
            for (name, value) in fields {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&inner, value, depth + 1, row, arrays);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let at = arrays.iter().position(|array| array.name == path).unwrap_or_else(|| {
                arrays.push(Array { name: path.to_owned(), fields: Vec::new() });
                arrays.len() - 1
            });
            for item in items {
                let mut cells = Vec::new();
                flatten("", item, DEPTH - 1, &mut cells, &mut Vec::new());
                for (name, text) in cells {
                    match arrays[at].fields.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, values)) => values.push(text),
                        None => arrays[at].fields.push((name, vec![text])),
                    }
                }
            }
        }
        Value::Null => row.push((path.to_owned(), String::new())),
        Value::String(text) => row.push((path.to_owned(), text.clone())),
        Value::Object(_) => {}
        other => row.push((path.to_owned(), other.to_string())),
    }
}

/// The encoding of a text that is not UTF-8: GB18030 where it can be that and holds Chinese, else Windows' Western.
fn guessed_encoding(head: &[u8]) -> Option<&'static str> {
    if encoding_rs::Encoding::for_bom(head).is_some() {
        return None;
    }
    match std::str::from_utf8(head) {
        Ok(_) => return None,
        // A character that the end of the beginning cuts in two.
        Err(error) if error.error_len().is_none() => return None,
        Err(_) => {}
    }
    let whole = memchr::memrchr(b'\n', head).map_or(head, |at| &head[..at]);
    let (text, _, wrong) = encoding_rs::GB18030.decode(whole);
    let chinese = text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
    let foreign = text.chars().filter(|c| !c.is_ascii()).count();
    Some(if !wrong && chinese * 2 > foreign { "gb18030" } else { "windows-1252" })
}
