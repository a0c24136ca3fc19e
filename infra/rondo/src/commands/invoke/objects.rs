//! The import bucket on one machine: a folder.

use event::ObjectSource;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::{Component, Path, PathBuf};

/// Objects as files: `<root>/<bucket>/<key>`.
pub struct InboxFolder {
    pub root: PathBuf,
}

impl ObjectSource for InboxFolder {
    async fn open(&self, bucket: &str, key: &str) -> Result<Box<dyn Read + Send>> {
        let path = Path::new(bucket).join(key);
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(Error::new(ErrorKind::InvalidInput, "its key leads out of the inbox folder"));
        }
        Ok(Box::new(File::open(self.root.join(path))?))
    }
}
