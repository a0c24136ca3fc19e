//! The privacy list, receipts and the access log in a folder of plain files.

use crate::lake_folder::LakeFolder;
use event::{PortError, PrivacyStore, Versioned};
use lake::{LakeErasure, LakeFile, LakeStore};
use std::path::PathBuf;

/// Keeps the files under one folder. One process has it at a time.
#[derive(Debug, Clone)]
pub struct PrivacyFolder {
    files: LakeFolder,
}

impl PrivacyFolder {
    /// `root` is made with the first file that is put.
    pub fn new(root: impl Into<PathBuf>) -> PrivacyFolder {
        PrivacyFolder { files: LakeFolder::new(root) }
    }
}

impl PrivacyStore for PrivacyFolder {
    async fn get(&self, path: &str) -> Result<Option<Versioned>, PortError> {
        let bytes = self.files.read(path)?;
        Ok(bytes.map(|bytes| Versioned { version: version(&bytes), bytes }))
    }

    async fn put(&self, path: &str, bytes: &[u8], version: Option<&str>) -> Result<(), PortError> {
        if let Some(version) = version {
            let stored = self.get(path).await?.map(|stored| stored.version).unwrap_or_default();
            if stored != version {
                return Err(PortError::Conflict { what: "the privacy files" });
            }
        }
        LakeStore::put(&self.files, &LakeFile { path: path.to_owned(), bytes: bytes.to_vec() }).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        LakeStore::list(&self.files, prefix).await
    }

    async fn remove(&self, path: &str) -> Result<(), PortError> {
        self.files.remove(path).await
    }
}

fn version(bytes: &[u8]) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(bytes))
}
