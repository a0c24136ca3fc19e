//! One row of a source, taken apart.

use crate::rejection::{Code, Rejection};
use regex_lite::Regex;
use serde_json::{Map, Value};
use std::ops::Range;

/// What stands between the cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// One ASCII character. A cell in quotation marks may hold it, line breaks, and doubled quotation marks (RFC 4180).
    Char(u8),
    /// Any run of blanks; no quotation marks.
    Whitespace,
}

/// How the text of one row is taken apart.
#[derive(Debug, Clone)]
pub enum RowKind {
    /// Cells between separators.
    Cells(Separator),
    /// A JSON object.
    Json,
    /// A line of a web server's log in the combined format, or the common one.
    Weblog,
    /// A line or block of text: the named groups of a pattern, or lines of `name: value`.
    Text(Option<Regex>),
}

/// The columns of a line of a web server's log.
pub(super) const WEBLOG: [&str; 12] = [
    "host",
    "ident",
    "user",
    "time",
    "method",
    "url",
    "path",
    "protocol",
    "status",
    "bytes",
    "referrer",
    "user_agent",
];

pub(super) enum Row<'r> {
    Cells(Cells<'r>),
    Json(&'r Value),
}

pub(super) struct Cells<'r> {
    text: &'r str,
    cells: &'r [Range<usize>],
    /// For each column that the mapping names, which cell it is.
    slots: &'r [Option<usize>],
}

impl<'r> Cells<'r> {
    pub fn get(&self, slot: usize) -> &'r str {
        let cell = self.slots.get(slot).copied().flatten().and_then(|at| self.cells.get(at));
        cell.map_or("", |cell| self.text[cell.clone()].trim())
    }
}

/// Room in which rows are taken apart, used again for each.
#[derive(Debug, Default)]
pub struct Scratch {
    cells: Vec<Range<usize>>,
    unquoted: String,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    json: Value,
}

impl Scratch {
    /// Takes a row apart. `slots` say which cell a column of the mapping is, `width` how many cells there must be.
    pub(super) fn row<'r>(
        &'r mut self,
        kind: &RowKind,
        slots: &'r [Option<usize>],
        width: usize,
        text: &'r str,
    ) -> Result<Row<'r>, Rejection> {
        self.cells.clear();
        match kind {
            RowKind::Cells(separator) => {
                let plain = self.split(*separator, text);
                if self.cells.len() != width {
                    let reason = format!("{} columns where there should be {width}", self.cells.len());
                    return Err(Rejection::new(Code::InvalidRow, "", reason));
                }
                let text = if plain { text } else { &self.unquoted };
                Ok(Row::Cells(Cells { text, cells: &self.cells, slots }))
            }
            RowKind::Json => {
                self.json =
                    serde_json::from_str(text).map_err(|error| crate::fault::json_rejection(&error))?;
                match self.json.is_object() {
                    true => Ok(Row::Json(&self.json)),
                    false => Err(Rejection::new(Code::InvalidRow, "", "not a JSON object")),
                }
            }
            RowKind::Weblog => {
                self.cells.extend(weblog(text).ok_or_else(|| {
                    Rejection::new(Code::InvalidRow, "", "not a line of a web server's log (combined format)")
                })?);
                Ok(Row::Cells(Cells { text, cells: &self.cells, slots }))
            }
            RowKind::Text(Some(pattern)) => {
                let captures = pattern.captures(text).ok_or_else(|| {
                    Rejection::new(Code::InvalidRow, "", "the text does not fit the mapping's pattern")
                })?;
                let groups = pattern.capture_names().enumerate().filter(|(_, name)| name.is_some());
                self.cells.extend(groups.map(|(n, _)| captures.get(n).map_or(0..0, |found| found.range())));
                Ok(Row::Cells(Cells { text, cells: &self.cells, slots }))
            }
            RowKind::Text(None) => {
                self.json = Value::Object(named_lines(text));
                Ok(Row::Json(&self.json))
            }
        }
    }

    /// The cells of a row as they are, for instance of a heading.
    pub fn cells(&mut self, separator: Separator, text: &str) -> Vec<String> {
        self.cells.clear();
        let plain = self.split(separator, text);
        let text = if plain { text } else { &self.unquoted };
        self.cells.iter().map(|cell| text[cell.clone()].trim().to_owned()).collect()
    }

    /// Finds the cells of a row; whether they are places in its own text rather than in `unquoted`.
    fn split(&mut self, separator: Separator, text: &str) -> bool {
        let row = text.trim_end_matches(['\r', '\n']);
        let Separator::Char(separator) = separator else {
            let start = row.as_ptr() as usize;
            self.cells.extend(row.split_whitespace().map(|cell| {
                let at = cell.as_ptr() as usize - start;
                at..at + cell.len()
            }));
            return true;
        };
        if memchr::memchr(b'"', row.as_bytes()).is_none() {
            let mut from = 0;
            for at in memchr::memchr_iter(separator, row.as_bytes()) {
                self.cells.push(from..at);
                from = at + 1;
            }
            self.cells.push(from..row.len());
            return true;
        }
        self.unquote(separator, row.as_bytes());
        false
    }

    fn unquote(&mut self, separator: u8, row: &[u8]) {
        let mut reader = csv_core::ReaderBuilder::new().delimiter(separator).build();
        // Unquoting makes nothing longer; a row has no more cells than bytes, and one.
        self.bytes.resize(row.len() + 1, 0);
        self.ends.resize(row.len() + 2, 0);
        let (_, mut written, mut cells) = {
            let (_, read, written, cells) = reader.read_record(row, &mut self.bytes, &mut self.ends);
            (read, written, cells)
        };
        // The end of the input ends the last cell.
        let (_, _, more, last) = reader.read_record(&[], &mut self.bytes[written..], &mut self.ends[cells..]);
        written += more;
        cells += last;
        let mut from = 0;
        for end in &self.ends[..cells] {
            self.cells.push(from..*end);
            from = *end;
        }
        self.unquoted.clear();
        // Cut at ASCII characters, the parts of a text are texts.
        self.unquoted.push_str(std::str::from_utf8(&self.bytes[..written]).unwrap_or_default());
        if self.unquoted.len() != written {
            self.cells.clear();
        }
    }
}

/// The parts of `host ident user [time] "method url protocol" status bytes "referrer" "user agent"`, `-` as nothing.
fn weblog(line: &str) -> Option<[Range<usize>; WEBLOG.len()]> {
    let mut rest = Rest { line, at: 0 };
    let [host, ident, user] = [rest.word()?, rest.word()?, rest.word()?];
    let time = rest.between(b'[', b']')?;
    let request = rest.between(b'"', b'"')?;
    let (status, bytes) = (rest.word()?, rest.word()?);
    // The common format ends here.
    let referrer = rest.between(b'"', b'"').unwrap_or(0..0);
    let agent = rest.between(b'"', b'"').unwrap_or(0..0);
    let mut words = Rest { line: &line[..request.end], at: request.start };
    let (method, url, protocol) = (words.word(), words.word(), words.word());
    let (Some(method), Some(url)) = (method, url) else { return None };
    let path = url.start..line[url.clone()].find(['?', '#']).map_or(url.end, |at| url.start + at);
    let protocol = protocol.unwrap_or(0..0);
    let all = [host, ident, user, time, method, url, path, protocol, status, bytes, referrer, agent];
    Some(all.map(|part| if &line[part.clone()] == "-" { 0..0 } else { part }))
}

struct Rest<'l> {
    line: &'l str,
    at: usize,
}

impl Rest<'_> {
    fn word(&mut self) -> Option<Range<usize>> {
        self.blanks();
        let rest = &self.line[self.at..];
        let length = rest.find(' ').unwrap_or(rest.len());
        (length > 0).then(|| self.take(length))
    }

    fn between(&mut self, open: u8, close: u8) -> Option<Range<usize>> {
        self.blanks();
        let bytes = self.line.as_bytes();
        if bytes.get(self.at) != Some(&open) {
            return None;
        }
        let from = self.at + 1;
        let mut end = from;
        // Servers write a quotation mark inside as `\"`.
        while *bytes.get(end)? != close {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        self.at = end + 1;
        Some(from..end)
    }

    fn blanks(&mut self) {
        while self.line.as_bytes().get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }

    fn take(&mut self, length: usize) -> Range<usize> {
        let from = self.at;
        self.at += length;
        from..self.at
    }
}

/// Lines of `name: value` as an object; a line without a name goes on with the value before it.
fn named_lines(text: &str) -> Map<String, Value> {
    let mut fields: Map<String, Value> = Map::new();
    let mut last: Option<String> = None;
    for line in text.lines() {
        let named = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let named =
            named.filter(|(name, _)| !name.is_empty() && name.len() <= 64 && !line.starts_with([' ', '\t']));
        match (named, &last) {
            (Some((name, value)), _) => {
                fields.insert(name.to_owned(), Value::String(value.to_owned()));
                last = Some(name.to_owned());
            }
            (None, Some(name)) => {
                if let Some(Value::String(value)) = fields.get_mut(name) {
                    value.push('\n');
                    value.push_str(line.trim());
                }
            }
            (None, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<String> {
        Scratch::default().cells(Separator::Char(b','), text)
    }

    #[test]
    fn quoted_cells() {
        assert_eq!(cells("\"a,b\",c,,d"), ["a,b", "c", "", "d"]);
        assert_eq!(cells("a,\"say \"\"hi\"\"\",b\r\n"), ["a", "say \"hi\"", "b"]);
        assert_eq!(cells("\"two\nlines\",x"), ["two\nlines", "x"]);
        // A mark inside a cell that did not begin with one stands for itself.
        assert_eq!(cells("5\" disk,\"张三\""), ["5\" disk", "张三"]);
        assert_eq!(cells("\"a\","), ["a", ""]);
        assert_eq!(cells(""), [""]);
    }

    #[test]
    fn lines_of_web_servers() {
        let line =
            r#"203.0.113.7 - ann [22/Nov/2026:10:00:00 +0000] "GET /p?id=1 HTTP/1.1" 200 - "-" "Moz \"x\"""#;
        let parts = weblog(line).unwrap().map(|part| &line[part]);
        let expected = [
            "203.0.113.7",
            "",
            "ann",
            "22/Nov/2026:10:00:00 +0000",
            "GET",
            "/p?id=1",
            "/p",
            "HTTP/1.1",
            "200",
            "",
            "",
            "Moz \\\"x\\\"",
        ];
        assert_eq!(parts, expected);
        for wrong in ["", "a", "a b c [t", "a b c [t] \"GET\" 200 1", "a b c [t] \"\\", "é - - [x] \"é"] {
            assert!(weblog(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn named_lines_go_on() {
        let fields = named_lines("product/id: B1\nreview/text: good\n  but: dear\n\nno name");
        assert_eq!(Value::Object(fields)["review/text"], "good\nbut: dear\n\nno name");
    }
}
