//! Where the files of the lake lie: the port.

use event::PortError;
use parquet::file::reader::ChunkReader;

/// A finished file, to be put under its path.
#[derive(Debug, Clone, PartialEq)]
pub struct LakeFile {
    pub path: String,
    pub bytes: Vec<u8>,
}

/// Keeps immutable files. Paths are relative, with `/` between their parts.
#[allow(async_fn_in_trait)]
pub trait LakeStore {
    /// An open file: random access to its bytes (`std::fs::File`, `bytes::Bytes`).
    type File: ChunkReader + 'static;

    /// Puts a file whole, durably: a reader sees all of it or nothing. Replaces one of the same path.
    async fn put(&self, file: &LakeFile) -> Result<(), PortError>;
    /// The paths under a prefix that ends with `/`, in order.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError>;
    /// Opens a file to read it.
    async fn open(&self, path: &str) -> Result<Self::File, PortError>;
}

/// The lake for who may delete in it.
#[allow(async_fn_in_trait)]
pub trait LakeErasure: LakeStore {
    /// Removes a file; one that is gone already is no error.
    async fn remove(&self, path: &str) -> Result<(), PortError>;
}

/// Takes finished reports: files under `reports/`, a folder for each version and `reports/latest/`.
#[allow(async_fn_in_trait)]
pub trait ReportStore {
    /// Puts a file whole, durably. Replaces one of the same path.
    async fn put(&self, file: &LakeFile) -> Result<(), PortError>;
}
