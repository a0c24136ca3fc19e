//! Where a record ends, in formats whose records may take several lines.

use event::Separator;

/// How a stream falls into records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Splitting {
    /// Each line is a record.
    Lines,
    /// A row of a table, whose cells may hold line breaks in quotation marks.
    Rows(Separator),
    /// Lines up to a blank one.
    Blocks,
    /// JSON values one behind the other, or the items of an array.
    Json(JsonPlace),
}

/// Where the records of a JSON document stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonPlace {
    /// At the top, one behind the other.
    Values,
    /// In the array under these keys; the document itself is the array where there are none.
    Array(Vec<String>),
}

/// Most bytes of a row whose cells hold line breaks. A quotation mark that is never closed costs one line rather
/// than the rest of its file.
pub(crate) const MAX_QUOTED: usize = 64 * 1024;

/// What some bytes hold of the row that begins with them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RowEnd {
    /// All of it, so many bytes with its line break.
    Behind(usize),
    /// All of it, but for a line break.
    Missing,
    /// The beginning of a cell in quotation marks.
    Open,
}

/// Finds the end of the row that begins with these bytes. Quotation marks count as RFC 4180 has them: one that opens a
/// cell holds it together up to the next single one.
pub(crate) fn row_end(bytes: &[u8], separator: u8) -> RowEnd {
    #[derive(PartialEq)]
    enum At {
        CellStart,
        Plain,
        Quoted,
        QuoteInQuoted,
    }
    let mut at = At::CellStart;
    for (n, byte) in bytes.iter().take(MAX_QUOTED).enumerate() {
        at = match (at, *byte) {
            (At::Quoted, b'"') => At::QuoteInQuoted,
            (At::Quoted, _) => At::Quoted,
            (At::CellStart | At::QuoteInQuoted, b'"') => At::Quoted,
            (_, b'\n') => return RowEnd::Behind(n + 1),
            (_, byte) if byte == separator => At::CellStart,
            _ => At::Plain,
        };
    }
    if at == At::Quoted || bytes.len() > MAX_QUOTED { RowEnd::Open } else { RowEnd::Missing }
}

/// How far a JSON value has been read.
#[derive(Debug, Clone, Default)]
pub(crate) struct JsonScan {
    depth: u32,
    in_text: bool,
    escaped: bool,
    begun: bool,
}

impl JsonScan {
    /// Reads on; the end of the value, if it is among these bytes.
    pub fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (n, byte) in bytes.iter().enumerate() {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_text = false;
                        if self.depth == 0 {
                            return Some(n + 1);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(n + 1);
                    }
                }
                b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 && self.begun => {
                    return Some(n);
                }
                _ => {}
            }
            self.begun = true;
        }
        None
    }
}

/// What the beginning of a JSON document says of the place of its records.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The array's first item comes behind so many bytes.
    Behind(usize),
    /// There is no such array.
    Nowhere,
}

/// Finds the array under `keys`.
pub(crate) fn find_array(bytes: &[u8], keys: &[String]) -> Found {
    let mut at = skip_blanks(bytes, if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 });
    for key in keys {
        let Some(inside) = find_key(bytes, at, key) else { return Found::Nowhere };
        at = inside;
    }
    match bytes.get(at) {
        Some(b'[') => Found::Behind(at + 1),
        _ => Found::Nowhere,
    }
}

/// Where the value of a key begins, in the object at `at`.
fn find_key(bytes: &[u8], at: usize, key: &str) -> Option<usize> {
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut at = skip_blanks(bytes, at + 1);
    while bytes.get(at) == Some(&b'"') {
        let end = at + JsonScan::default().end(&bytes[at..])?;
        let name: String = serde_json::from_slice(&bytes[at..end]).ok()?;
        at = skip_blanks(bytes, end);
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        at = skip_blanks(bytes, at + 1);
        if name == key {
            return Some(at);
        }
        at = skip_blanks(bytes, at + JsonScan::default().end(&bytes[at..])?);
        if bytes.get(at) == Some(&b',') {
            at = skip_blanks(bytes, at + 1);
        }
    }
    None
}

pub(crate) fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_outside_of_quotation_marks() {
        let end = |text: &str| row_end(text.as_bytes(), b',');
        assert_eq!(end("a,b\nc"), RowEnd::Behind(4));
        assert_eq!(end("a,\"b\nc\"\nd\n"), RowEnd::Behind(8));
        assert_eq!(end("\"say \"\"hi\"\"\n\"\n"), RowEnd::Behind(14));
        // One within a cell stands for itself.
        assert_eq!(end("5\" disk\nnext\n"), RowEnd::Behind(8));
        assert_eq!(end("\"a\"b\nc"), RowEnd::Behind(5));
        assert_eq!(end("a,\"b\nc\""), RowEnd::Missing);
        assert_eq!(end("\"never\nclosed\n"), RowEnd::Open);
    }

    #[test]
    fn arrays_are_found() {
        let found = |json: &str, keys: &[&str]| {
            find_array(json.as_bytes(), &keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(found("\u{feff} [1]", &[]), Found::Behind(5));
        let document = r#"{"a": "x]\"{", "n": [1, {"b": [2]}], "b": {"c" : [ 7 ]}}"#;
        let behind = document.find("[ 7").unwrap() + 1;
        assert_eq!(found(document, &["b", "c"]), Found::Behind(behind));
        for keys in [&["b"][..], &["c"], &["a"], &["b", "c", "d"], &[]] {
            assert_eq!(found(document, keys), Found::Nowhere, "{keys:?}");
        }
        assert_eq!(found(r#"{"a": [1, "#, &["b"]), Found::Nowhere);
    }
}
