//! Where the privacy list, receipts and the access log are kept: the port, and what stands in the log.

use crate::calendar::{day_of, iso_date};
use crate::port::PortError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A stored file and its version, which changes with every write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    pub bytes: Vec<u8>,
    pub version: String,
}

/// Keeps small files by path, each put whole and durably.
#[allow(async_fn_in_trait)]
pub trait PrivacyStore {
    async fn get(&self, path: &str) -> Result<Option<Versioned>, PortError>;
    /// Puts a file. With `version` only where that version is stored, `Some("")` where there is none yet.
    ///
    /// # Errors
    /// [`PortError::Conflict`] where another version is stored.
    async fn put(&self, path: &str, bytes: &[u8], version: Option<&str>) -> Result<(), PortError>;
    /// The paths under a prefix that ends with `/`, in order.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError>;
    /// Removes a file; one that is gone already is no error.
    async fn remove(&self, path: &str) -> Result<(), PortError>;
}

/// The path of the [`crate::PrivacyList`] in force.
pub const PRIVACY_LIST: &str = "list.json";
/// Where the entries of the access log are.
pub const ACCESS_LOG: &str = "log/";

/// Who looked at or changed what of whom. Holds no personal data but what names the one who did it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessEntry {
    /// Unique to the request.
    pub id: String,
    /// UTC ms.
    pub at: i64,
    /// What was done: `export`, `erase`, `restrict`, …
    pub action: String,
    /// Who did it, as they are named where Rondo runs.
    pub by: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// The key of the person it was about, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// What came of it: counts.
    #[serde(default)]
    pub outcome: Value,
}

impl AccessEntry {
    /// Adds the entry to the log; the same entry again replaces itself.
    pub async fn append(&self, store: &impl PrivacyStore) -> Result<(), PortError> {
        let path =
            format!("{ACCESS_LOG}{}/{:020}-{}.json", iso_date(day_of(self.at)), self.at.max(0), self.id);
        store.put(&path, &serde_json::to_vec(self).unwrap_or_default(), None).await
    }
}
