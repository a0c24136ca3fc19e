//! What changed since the last list.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Who was on the last list: marks of people, which say nothing of them to whoever lacks the deployment's key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exported {
    version: u32,
    marks: BTreeSet<String>,
}

/// What became of a person since the last list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Added,
    Stayed,
    Removed,
    /// Not on the list, and was not.
    Outside,
}

impl Exported {
    const VERSION: u32 = 1;

    /// Reads what [`Exported::to_json`] wrote; nothing is the list before the first.
    ///
    /// # Errors
    /// Anything else, also of a later release: what is removed would not be told.
    pub fn parse(json: &[u8]) -> Result<Exported, String> {
        if json.is_empty() {
            return Ok(Exported::default());
        }
        let read: Exported = serde_json::from_slice(json).map_err(|error| {
            format!("line {} column {}: not a list of an export", error.line(), error.column())
        })?;
        match read.version {
            Exported::VERSION => Ok(read),
            other => Err(format!("written by another release (version {other})")),
        }
    }

    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The list of these marks.
    pub fn of(marks: impl IntoIterator<Item = String>) -> Exported {
        Exported { version: Exported::VERSION, marks: marks.into_iter().collect() }
    }

    pub fn len(&self) -> usize {
        self.marks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// What became of the person of a mark who is on the new list, or is not.
    pub fn change(&self, mark: &str, is_on: bool) -> Change {
        match (self.marks.contains(mark), is_on) {
            (false, true) => Change::Added,
            (true, true) => Change::Stayed,
            (true, false) => Change::Removed,
            (false, false) => Change::Outside,
        }
    }
}
