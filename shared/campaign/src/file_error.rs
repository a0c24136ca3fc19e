//! What is wrong with a hand-written file, in words that say what to do.

use crate::suggest::did_you_mean;
use serde_saphyr::Error;
use std::fmt;

/// What is wrong with a file: where (line and column from 1), and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FileError {
    pub line: u64,
    pub column: u64,
    pub message: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl From<Error> for FileError {
    /// What the YAML reader found.
    fn from(error: Error) -> FileError {
        let at = error.location();
        FileError {
            line: at.map_or(1, |at| at.line().max(1)),
            column: at.map_or(1, |at| at.column().max(1)),
            message: message(error.without_snippet()),
        }
    }
}

fn message(error: &Error) -> String {
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let hint = did_you_mean(field, expected.iter().copied());
            format!("unknown field `{field}`{}", or_list(&hint, "the fields here are", expected))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let hint = did_you_mean(variant, expected.iter().copied());
            format!("`{variant}` is not one of the choices{}", or_list(&hint, "they are", expected))
        }
        Error::SerdeMissingField { field, .. } => format!("the field `{field}` is missing here; add it"),
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("this is {unexpected}, but should be {expected}")
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("`{key}` stands here twice; keep one of them")
        }
        other => in_words(first_sentence(other)),
    }
}

/// What the reader says of a value of another kind, with how to write one of that kind.
fn in_words(sentence: String) -> String {
    let cure = match sentence.as_str() {
        "invalid u8" | "invalid u16" | "invalid u32" | "invalid u64" | "invalid i64" => {
            "this is no number that fits here; write a whole number, like 3"
        }
        "invalid f32" | "invalid f64" | "invalid floating point value" => {
            "this is no number; write a number, like 0.5"
        }
        "invalid boolean" => "this is neither; write true or false",
        "expected sequence start" => "several may stand here; write a list, like [a, b]",
        "expected mapping start" => "fields belong here; write each as `name: value`",
        _ => return sentence,
    };
    cure.to_owned()
}

fn or_list(hint: &str, lead: &str, names: &[&str]) -> String {
    if hint.is_empty() { format!("; {lead} {}", names.join(", ")) } else { hint.to_owned() }
}

/// The reader's message in one line, without the place, which stands beside it.
fn first_sentence(error: &Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.split(" at line ").next().unwrap_or(line);
    match line.strip_prefix("line ").and_then(|rest| rest.split_once(": ")) {
        Some((_, message)) => message.to_owned(),
        None => line.to_owned(),
    }
}
