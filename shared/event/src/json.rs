//! A strict reader of JSON text (RFC 8259): one pass, no tree, and what it hands out borrows from the text.

use crate::Parser;
use crate::block::Block;
use crate::survey::Survey;
use crate::text::is_composed;
use memchr::memchr;
use std::borrow::Cow;

/// What is wrong with a text, and from which byte on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub kind: FaultKind,
    pub at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The text ends within a value.
    Early,
    /// Not JSON.
    Syntax,
    /// JSON, but another type of value than is needed; or a field that is given twice.
    Type,
    /// Nested deeper than [`Parser::MAX_DEPTH`].
    Deep,
}

/// A place in a JSON text, in front of a value.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Whether the text holds control characters at all: if so, each string is looked at for them.
    controls: bool,
    composed: bool,
    block: Block,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub fn new(text: &'a str) -> Self {
        // A lowest byte is found for many bytes at once, a first one is not.
        let lowest = text.bytes().fold(u8::MAX, |lowest, byte| lowest.min(byte));
        Self::over(text, lowest < b' ', is_composed(text))
    }

    /// The same over a text that was surveyed.
    #[inline]
    pub fn surveyed(text: &'a str, survey: &Survey) -> Self {
        Self::over(text, survey.controls, survey.composed)
    }

    #[inline]
    fn over(text: &'a str, controls: bool, composed: bool) -> Self {
        let block = Block::at(text.as_bytes(), 0);
        Cursor { text, at: 0, depth: 0, controls, composed, block }
    }

    /// Whether the whole text [is composed](is_composed), as its strings without escapes then are.
    #[inline]
    pub fn is_composed(&self) -> bool {
        self.composed
    }

    /// The first byte of the value.
    #[inline]
    pub fn peek(&mut self) -> Result<u8, Fault> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(self.fault(FaultKind::Early)),
            }
        }
    }

    /// Reads an object: `field` is given each name, and reads or skips its value.
    #[inline]
    pub fn object(
        &mut self,
        mut field: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.fields(|cursor, name| {
            let name = name.decode().ok_or_else(|| cursor.fault(FaultKind::Syntax))?;
            field(cursor, name)
        })
    }

    /// Reads an array: `item` reads or skips each value.
    #[inline]
    pub fn array(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.open(b'[')?;
        if self.peek()? != b']' {
            loop {
                item(self)?;
                match self.peek()? {
                    b',' => self.at += 1,
                    b']' => break,
                    _ => return Err(self.fault(FaultKind::Syntax)),
                }
            }
        }
        self.close();
        Ok(())
    }

    /// A text, or a number or truth value as its text; `null` is none.
    #[inline]
    pub fn text(&mut self) -> Result<Option<Cow<'a, str>>, Fault> {
        match self.peek()? {
            b'"' => {
                let text = self.quoted()?.decode();
                text.map(Some).ok_or_else(|| self.fault(FaultKind::Syntax))
            }
            b'{' | b'[' => Err(self.fault(FaultKind::Type)),
            _ => {
                let scalar = self.scalar()?;
                plain(scalar).map_err(|()| self.fault(FaultKind::Syntax))
            }
        }
    }

    /// As [`Cursor::text`], but a value of another type, or an escape that stands for no character, is none.
    #[inline]
    pub fn lenient_text(&mut self) -> Result<Option<Cow<'a, str>>, Fault> {
        match self.peek()? {
            b'"' => Ok(self.quoted()?.decode()),
            b'{' | b'[' => self.skip().map(|()| None),
            _ => Ok(plain(self.scalar()?).unwrap_or_default()),
        }
    }

    /// The text of any value, as it stands.
    #[inline]
    pub fn value(&mut self) -> Result<&'a str, Fault> {
        self.peek()?;
        let start = self.at;
        self.skip()?;
        Ok(&self.text[start..self.at])
    }

    /// What was read since `start`, a place that [`Cursor::at`] gave.
    #[inline]
    pub fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    #[inline]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Passes over any value.
    pub fn skip(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            b'"' => self.quoted().map(drop),
            b'{' => self.fields(|cursor, _| cursor.skip()),
            b'[' => self.array(Self::skip),
            _ => self.scalar().map(drop),
        }
    }

    /// Nothing but white space may be left.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Ok(_) => Err(self.fault(FaultKind::Syntax)),
            Err(_) => Ok(()),
        }
    }

    #[inline]
    pub fn fault(&self, kind: FaultKind) -> Fault {
        Fault { kind, at: self.at }
    }

    #[inline]
    fn fields(
        &mut self,
        mut field: impl FnMut(&mut Self, Quoted<'a>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.open(b'{')?;
        if self.peek()? != b'}' {
            loop {
                if self.peek()? != b'"' {
                    return Err(self.fault(FaultKind::Syntax));
                }
                let name = self.quoted()?;
                if self.peek()? != b':' {
                    return Err(self.fault(FaultKind::Syntax));
                }
                self.at += 1;
                field(self, name)?;
                match self.peek()? {
                    b',' => self.at += 1,
                    b'}' => break,
                    _ => return Err(self.fault(FaultKind::Syntax)),
                }
            }
        }
        self.close();
        Ok(())
    }

    #[inline]
    fn open(&mut self, bracket: u8) -> Result<(), Fault> {
        if self.peek()? != bracket {
            // What is no value at all is worse than a value of another type.
            let kind = self.skip().err().map_or(FaultKind::Type, |fault| fault.kind);
            return Err(self.fault(kind));
        }
        self.depth += 1;
        if self.depth > Parser::MAX_DEPTH {
            return Err(self.fault(FaultKind::Deep));
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// A string, in front of whose quotation mark the cursor is.
    #[inline(always)]
    fn quoted(&mut self) -> Result<Quoted<'a>, Fault> {
        let start = self.at + 1;
        let mut end = self.mark(start)?;
        let escaped = self.text.as_bytes()[end] == b'\\';
        if escaped {
            end = self.escaped(end)?;
        }
        let inner = &self.text[start..end];
        if self.controls {
            self.check_controls(start, inner)?;
        }
        self.at = end + 1;
        Ok(Quoted { inner, escaped })
    }

    /// The place of the next quotation mark or backslash.
    #[inline(always)]
    fn mark(&mut self, from: usize) -> Result<usize, Fault> {
        if let Some(place) = self.block.mark(from) {
            return Ok(place);
        }
        self.mark_beyond(from)
    }

    #[inline(never)]
    fn mark_beyond(&mut self, from: usize) -> Result<usize, Fault> {
        let bytes = self.text.as_bytes();
        let mut start = (self.block.start + Block::LEN).max(from);
        while start < bytes.len() {
            self.block = Block::at(bytes, start);
            if let Some(place) = self.block.mark(start) {
                return Ok(place);
            }
            start += Block::LEN;
        }
        Err(Fault { kind: FaultKind::Early, at: bytes.len() })
    }

    /// The end of a string whose first escape is at `at`.
    #[inline(never)]
    fn escaped(&mut self, mut at: usize) -> Result<usize, Fault> {
        while self.text.as_bytes()[at] == b'\\' {
            let next = self.escape(at)?;
            at = self.mark(next)?;
        }
        Ok(at)
    }

    #[cold]
    fn check_controls(&self, start: usize, inner: &str) -> Result<(), Fault> {
        match inner.bytes().position(|byte| byte < b' ') {
            Some(control) => Err(Fault { kind: FaultKind::Syntax, at: start + control }),
            None => Ok(()),
        }
    }

    /// The place after the escape at `at`.
    fn escape(&self, at: usize) -> Result<usize, Fault> {
        let bytes = self.text.as_bytes();
        let end = match bytes.get(at + 1) {
            None => return Err(Fault { kind: FaultKind::Early, at: bytes.len() }),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at + 2,
            Some(b'u') => at + 6,
            Some(_) => return Err(Fault { kind: FaultKind::Syntax, at: at + 1 }),
        };
        for n in at + 2..end {
            match bytes.get(n) {
                None => return Err(Fault { kind: FaultKind::Early, at: n }),
                Some(digit) if digit.is_ascii_hexdigit() => {}
                Some(_) => return Err(Fault { kind: FaultKind::Syntax, at: n }),
            }
        }
        Ok(end)
    }

    /// A number, `true`, `false` or `null`.
    #[inline]
    fn scalar(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        match self.text.as_bytes()[start] {
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.number()?,
        }
        Ok(self.since(start))
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        let rest = &self.text.as_bytes()[self.at..];
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        Err(self.fault(if word.as_bytes().starts_with(rest) { FaultKind::Early } else { FaultKind::Syntax }))
    }

    fn number(&mut self) -> Result<(), Fault> {
        self.pass(|byte| byte == b'-');
        match self.text.as_bytes().get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.pass(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.pass(|byte| matches!(byte, b'e' | b'E')) {
            self.pass(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Fault> {
        if !self.pass(|byte| byte.is_ascii_digit()) {
            let ended = self.at == self.text.len();
            return Err(self.fault(if ended { FaultKind::Early } else { FaultKind::Syntax }));
        }
        while self.pass(|byte| byte.is_ascii_digit()) {}
        Ok(())
    }

    #[inline]
    fn pass(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.text.as_bytes().get(self.at).is_some_and(|byte| wanted(*byte));
        self.at += usize::from(found);
        found
    }
}

/// A string as it stands in the text, without its quotation marks.
struct Quoted<'a> {
    inner: &'a str,
    escaped: bool,
}

impl<'a> Quoted<'a> {
    /// The text it stands for; none where an escape is half of a character.
    #[inline(always)]
    fn decode(self) -> Option<Cow<'a, str>> {
        match self.escaped {
            false => Some(Cow::Borrowed(self.inner)),
            true => self.unescape().map(Cow::Owned),
        }
    }

    #[inline(never)]
    fn unescape(self) -> Option<String> {
        serde_json::from_str(&format!("\"{}\"", self.inner)).ok()
    }
}

/// The text of a number or a word; none for `null`. A number too large for a double is an error.
fn plain(scalar: &str) -> Result<Option<Cow<'_, str>>, ()> {
    let is_word = matches!(scalar.as_bytes().first(), Some(b'n' | b't' | b'f'));
    let whole = || {
        memchr(b'.', scalar.as_bytes()).is_none()
            && scalar != "-0"
            && (scalar.parse::<u64>().is_ok() || scalar.parse::<i64>().is_ok())
    };
    match scalar {
        "null" => Ok(None),
        _ if is_word || whole() => Ok(Some(Cow::Borrowed(scalar))),
        _ => match scalar.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(Cow::Owned(number.to_string()))),
            _ => Err(()),
        },
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
