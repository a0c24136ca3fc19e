//! How far a campaign, or a snapshot, has come: small rows of JSON, each written on its version.

use crate::{Deps, RunError};
use campaign::{RunStore, Span};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How far a campaign has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// When the campaign was first looked at, UTC ms: what was due before is not begun.
    pub since: i64,
    /// What was due before this is begun, UTC ms.
    pub until: i64,
    /// What is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

/// Everybody is looked at, a part of a snapshot at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    pub span: Span,
    /// The snapshot may not have been begun before this, UTC ms.
    pub not_before: i64,
    /// `None` until there is one that is new enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Taken>,
    /// The next part to look at.
    pub part: u32,
    /// How many people it has looked at, and how many starts it put into the queue.
    pub looked_at: u64,
    pub selected: u64,
    /// Somebody asked for it: the campaign's own times go on as if it had not been.
    #[serde(default)]
    pub by_hand: bool,
}

/// The snapshot that is looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// UTC ms.
    pub at: i64,
    pub parts: u32,
}

impl Sweep {
    pub(crate) fn of(span: Span, not_before: i64) -> Sweep {
        Sweep { span, not_before, snapshot: None, part: 0, looked_at: 0, selected: 0, by_hand: false }
    }
}

/// A row as it was read.
pub(crate) struct Row<T> {
    pub name: String,
    pub version: u64,
    /// `None` where nothing is stored.
    pub value: Option<T>,
}

impl<T: Serialize + DeserializeOwned> Row<T> {
    pub async fn load<P, L, R: RunStore, Q>(
        deps: &Deps<'_, P, L, R, Q>,
        name: &str,
    ) -> Result<Row<T>, RunError> {
        let stored = deps.runs.load(name).await?;
        let version = stored.as_ref().map_or(0, |stored| stored.version);
        let value = match stored.filter(|stored| !stored.blob.is_empty()) {
            None => None,
            Some(stored) => Some(
                serde_json::from_slice(&stored.blob)
                    .map_err(|_| RunError::Damaged { name: name.to_owned() })?,
            ),
        };
        Ok(Row { name: name.to_owned(), version, value })
    }

    /// Writes another value in its place; `None` empties it.
    pub async fn write<P, L, R: RunStore, Q>(
        self,
        deps: &Deps<'_, P, L, R, Q>,
        value: Option<&T>,
    ) -> Result<(), RunError> {
        let bytes = value.map(|value| serde_json::to_vec(value).expect("numbers are written as JSON"));
        let written = deps.runs.write(&self.name, self.version, &bytes.unwrap_or_default()).await?;
        if written { Ok(()) } else { Err(RunError::Elsewhere { name: self.name }) }
    }
}
