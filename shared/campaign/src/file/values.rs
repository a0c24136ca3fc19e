//! The values that a campaign file is made of: conditions, spans, times, names.

use crate::condition::Condition;
use crate::duration::parse_duration;
use crate::file_error::FileError;
use crate::quiet_hours::clock_time;
use event::parse_time;
use jiff::civil::Time;
use serde_saphyr::{Location, Spanned};

/// Compiles the conditions of a file.
pub(super) struct Conditions<'y> {
    pub yaml: &'y str,
}

impl Conditions<'_> {
    pub fn read(&self, source: &Spanned<String>) -> Result<Condition, FileError> {
        Condition::compile(&source.value).map_err(|error| {
            let start = source.referenced;
            let (line, column) = (start.line() + error.line - 1, start.column() + error.column - 1);
            FileError { line, column: column + u64::from(self.is_quoted(start)), message: error.message }
        })
    }

    pub fn read_optional(&self, source: &Option<Spanned<String>>) -> Result<Option<Condition>, FileError> {
        source.as_ref().map(|source| self.read(source)).transpose()
    }

    /// The error of something that a top-level field of the file lacks.
    pub fn missing(&self, field: &str, message: &str) -> FileError {
        let stands =
            |line: &str| line.strip_prefix(field).is_some_and(|rest| rest.trim_start().starts_with(':'));
        let line = self.yaml.lines().position(stands).map_or(1, |at| at as u64 + 1);
        FileError { line, column: 1, message: message.to_owned() }
    }

    /// Whether a text begins with a quote, which is no part of it.
    fn is_quoted(&self, start: Location) -> bool {
        let line = self.yaml.lines().nth((start.line() as usize).saturating_sub(1)).unwrap_or_default();
        matches!(line.chars().nth((start.column() as usize).saturating_sub(1)), Some('"' | '\''))
    }
}

/// A span of time, ms.
pub(super) fn duration(text: &Spanned<String>) -> Result<i64, FileError> {
    parse_duration(&text.value)
        .ok_or_else(|| at(text, &format!("`{}` is no time span; write one like 30m, 12h or 3d", text.value)))
}

/// The same, before (with a minus) or after something.
pub(super) fn shift(text: &Spanned<String>) -> Result<i64, FileError> {
    let bare = text.value.trim();
    let (sign, span) = bare.strip_prefix('-').map_or((1, bare), |rest| (-1, rest));
    parse_duration(span).map(|ms| sign * ms).ok_or_else(|| {
        at(text, &format!("`{bare}` is no time span; write one like 3d, or -7d for a week before"))
    })
}

pub(super) fn time(text: &Spanned<String>) -> Result<i64, FileError> {
    parse_time(&text.value).ok_or_else(|| {
        at(text, &format!("`{}` is no time; write one like 2026-11-22T10:00:00+08:00", text.value))
    })
}

/// A time of the day.
pub(super) fn clock(text: &Spanned<String>) -> Result<Time, FileError> {
    clock_time(&text.value).map_err(|message| at(text, &message))
}

pub(super) fn event_name(name: &Spanned<String>) -> Result<String, FileError> {
    match name.value.trim() {
        "" => Err(at(name, "the event needs a name, for example Product Viewed")),
        text => Ok(text.to_owned()),
    }
}

pub(super) fn at<T>(spanned: &Spanned<T>, message: &str) -> FileError {
    place(spanned.referenced, message)
}

pub(super) fn place(location: Location, message: &str) -> FileError {
    FileError { line: location.line().max(1), column: location.column().max(1), message: message.to_owned() }
}
