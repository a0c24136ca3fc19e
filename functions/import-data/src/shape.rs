//! What the bytes of a file are, told by its mapping, its name and its beginning.

use crate::split::{JsonPlace, skip_blanks};
use crate::{ImportError, Splitting};
use event::{FileFormat, Mapping, RowKind, Separator};

/// How a file falls into rows, and how these are taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// Nothing for Parquet, which is no text.
    pub splitting: Option<Splitting>,
    /// Nothing for Segment-spec records.
    pub kind: Option<RowKind>,
}

/// Whether a file of that name may be read without a mapping: it says that it is JSON.
pub(crate) fn is_of_records(name: &str) -> bool {
    matches!(format_of(name), Some(FileFormat::Json | FileFormat::Ndjson))
}

/// First bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";

impl Shape {
    /// `head` is the beginning of the file, decompressed.
    pub fn of(name: &str, head: &[u8], mapping: Option<&Mapping>) -> Result<Shape, ImportError> {
        let is_parquet = head.starts_with(PARQUET);
        let Some(mapping) = mapping else {
            if is_parquet || !is_of_records(name) {
                return Err(ImportError::NeedsMapping { name: name.to_owned() });
            }
            return Ok(Shape { splitting: Some(json(name, head, &[])), kind: None });
        };
        let wrong = |reason: String| ImportError::WrongFormat { name: name.to_owned(), reason };
        let format = match mapping.format() {
            Some(FileFormat::Parquet) if !is_parquet => {
                let reason = "the mapping says format: parquet, but it does not begin as one; name what it is, or \
                              leave the line out";
                return Err(wrong(reason.to_owned()));
            }
            Some(format) if is_parquet && format != FileFormat::Parquet => {
                let reason =
                    format!("it is a Parquet file, but the mapping says format: {}", format.as_str());
                return Err(wrong(reason));
            }
            Some(format) => format,
            None if is_parquet => FileFormat::Parquet,
            None => match (mapping.separator(), format_of(name)) {
                (Some(_), _) => FileFormat::Csv,
                (None, Some(format)) => format,
                (None, None) if matches!(head.get(skip_blanks(head, 0)), Some(b'{' | b'[')) => {
                    FileFormat::Json
                }
                (None, None) if mapping.is_in_blocks() => FileFormat::Text,
                (None, None) => {
                    let reason = "neither its name nor its beginning says what it is; the mapping has to: format: csv, \
                                  tsv, json, ndjson, parquet, weblog or text";
                    return Err(wrong(reason.to_owned()));
                }
            },
        };
        let cells = |usual| {
            let separator = mapping.separator().unwrap_or(Separator::Char(usual));
            Shape { splitting: Some(Splitting::Rows(separator)), kind: Some(RowKind::Cells(separator)) }
        };
        Ok(match format {
            FileFormat::Csv => cells(b','),
            FileFormat::Tsv => cells(b'\t'),
            FileFormat::Parquet => Shape { splitting: None, kind: Some(RowKind::Json) },
            FileFormat::Ndjson => Shape { splitting: Some(Splitting::Lines), kind: Some(RowKind::Json) },
            FileFormat::Json => {
                Shape { splitting: Some(json(name, head, mapping.records_at())), kind: Some(RowKind::Json) }
            }
            FileFormat::Weblog => Shape { splitting: Some(Splitting::Lines), kind: Some(RowKind::Weblog) },
            FileFormat::Text => Shape {
                splitting: Some(if mapping.is_in_blocks() { Splitting::Blocks } else { Splitting::Lines }),
                kind: Some(mapping.text_kind()),
            },
        })
    }
}

/// The format that a name says, compressed or not.
pub(crate) fn format_of(name: &str) -> Option<FileFormat> {
    let lower = name.to_ascii_lowercase();
    let compressed = [".gz", ".zst"].iter().find_map(|ending| lower.strip_suffix(ending));
    match compressed.unwrap_or(&lower).rsplit_once('.')?.1 {
        "csv" => Some(FileFormat::Csv),
        "tsv" | "tab" => Some(FileFormat::Tsv),
        "json" => Some(FileFormat::Json),
        "ndjson" | "jsonl" => Some(FileFormat::Ndjson),
        "parquet" | "pq" => Some(FileFormat::Parquet),
        _ => None,
    }
}

/// JSON is one record a line wherever that can be, since then a broken one costs none of the others.
fn json(name: &str, head: &[u8], records: &[String]) -> Splitting {
    if format_of(name) == Some(FileFormat::Ndjson) {
        return Splitting::Lines;
    }
    let start = skip_blanks(head, if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 });
    if !records.is_empty() || head.get(start) == Some(&b'[') {
        return Splitting::Json(JsonPlace::Array(records.to_vec()));
    }
    let line_end = head[start..].iter().position(|byte| *byte == b'\n').map(|at| start + at);
    let Some(end) = line_end else { return Splitting::Lines };
    let whole = serde_json::from_slice::<serde::de::IgnoredAny>(&head[start..end]);
    let next_begins = head.get(skip_blanks(head, end)).is_none_or(|byte| *byte == b'{');
    match whole {
        // An object that goes on over the next lines.
        Err(error) if error.is_eof() && !next_begins => Splitting::Json(JsonPlace::Values),
        _ => Splitting::Lines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, format) in [
            ("a.CSV", Some(FileFormat::Csv)),
            ("x/y.tsv.gz", Some(FileFormat::Tsv)),
            ("b.jsonl.zst", Some(FileFormat::Ndjson)),
            ("c.json", Some(FileFormat::Json)),
            ("p.parquet", Some(FileFormat::Parquet)),
            ("json", None),
            ("a.gz", None),
            ("", None),
            ("a.txt.gz", None),
        ] {
            assert_eq!(format_of(name), format, "{name}");
        }
    }

    #[test]
    fn json_by_its_beginning() {
        let of = |text: &str| json("a.json", text.as_bytes(), &[]);
        let array = Splitting::Json(JsonPlace::Array(Vec::new()));
        assert_eq!(of("{\"a\":1}\n{\"a\":2}\n"), Splitting::Lines);
        assert_eq!(of("{\"a\":1}"), Splitting::Lines);
        assert_eq!(of("{\"a\n{\"a\":2}\n"), Splitting::Lines);
        assert_eq!(of("{\n  \"a\": 1\n}"), Splitting::Json(JsonPlace::Values));
        assert_eq!(of("\u{feff} \n[{\"a\":1}]"), array);
        assert_eq!(json("a.ndjson", b"[1]", &[]), Splitting::Lines);
    }
}
