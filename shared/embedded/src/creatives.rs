//! What was learned of creatives, in a file.

use crate::LakeFolder;
use campaign::{CreativeStore, Creatives};
use event::PortError;
use lake::{LakeFile, LakeStore};

/// Below the data folder.
impl CreativeStore for LakeFolder {
    async fn load(&self) -> Result<Creatives, PortError> {
        match self.read(Creatives::PATH)? {
            Some(bytes) => Creatives::of_file(&bytes, &self.place(Creatives::PATH)),
            None => Ok(Creatives::default()),
        }
    }

    async fn save(&self, creatives: &Creatives) -> Result<(), PortError> {
        LakeStore::put(self, &LakeFile { path: Creatives::PATH.to_owned(), bytes: creatives.encode() }).await
    }
}
