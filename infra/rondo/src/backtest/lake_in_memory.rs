//! A lake without files: what run-campaigns keeps while the past runs by.

use bytes::Bytes;
use event::PortError;
use lake::{LakeErasure, LakeFile, LakeStore};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Lives as long as a backtest, and is no part of the installation's lake.
#[derive(Default)]
pub struct LakeInMemory(RefCell<BTreeMap<String, Bytes>>);

impl LakeStore for LakeInMemory {
    type File = Bytes;

    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        self.0.borrow_mut().insert(file.path.clone(), Bytes::copy_from_slice(&file.bytes));
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let files = self.0.borrow();
        let from = files.range(prefix.to_owned()..);
        Ok(from.map(|(path, _)| path.clone()).take_while(|path| path.starts_with(prefix)).collect())
    }

    async fn open(&self, path: &str) -> Result<Bytes, PortError> {
        let file = self.0.borrow().get(path).cloned();
        file.ok_or_else(|| PortError::Failed { what: "the lake", reason: format!("{path} is not there") })
    }
}

impl LakeErasure for LakeInMemory {
    async fn remove(&self, path: &str) -> Result<(), PortError> {
        self.0.borrow_mut().remove(path);
        Ok(())
    }
}
