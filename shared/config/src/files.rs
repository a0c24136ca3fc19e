//! The files of a configuration, wherever they came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Texts by their paths below the configuration's folder: `settings.yaml`, `campaigns/…`, `templates/…`,
/// `mappings/…`, `placements/…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<PathBuf, String>);

impl Files {
    pub fn insert(&mut self, path: impl Into<PathBuf>, text: String) {
        self.0.insert(path.into(), text);
    }

    /// The text of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(Path::new(path)).map(String::as_str)
    }

    /// The files directly below a folder (its name ends with `/`), in order of their names. Hidden ones are
    /// left out.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = (&Path, &str)> {
        let folder = Path::new(folder.trim_end_matches('/')).to_owned();
        self.0
            .iter()
            .filter(move |(path, _)| path.parent() == Some(&folder))
            .filter(|(path, _)| {
                !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
            })
            .map(|(path, text)| (path.as_path(), text.as_str()))
    }

    /// All of them as one object that is replaced as a whole: a JSON object of path and text.
    pub fn to_bundle(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// Reads what [`Files::to_bundle`] wrote.
    ///
    /// # Errors
    /// Bytes that are no such object.
    pub fn of_bundle(bytes: &[u8]) -> Result<Files, serde_json::Error> {
        serde_json::from_slice(bytes).map(Files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lie_below_their_folder() {
        let mut files = Files::default();
        for path in ["campaigns/b.yaml", "campaigns/a.yaml", "campaigns/.c.yaml", "campaigns/old/d.yaml", "x"]
        {
            files.insert(path, path.to_uppercase());
        }
        let below: Vec<_> = files.below("campaigns/").map(|(path, _)| path.to_owned()).collect();
        assert_eq!(below, [Path::new("campaigns/a.yaml"), Path::new("campaigns/b.yaml")]);
        assert_eq!(files.get("x"), Some("X"));
        assert_eq!(Files::of_bundle(&files.to_bundle()).unwrap(), files);
        assert!(Files::of_bundle(b"[1]").is_err());
    }
}
