//! The lake, and the reports made from it, in a folder of plain files.

use event::PortError;
use lake::{LakeErasure, LakeFile, LakeStore, ReportStore};
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Keeps files under one folder, by their paths. A file is written beside its place, made
/// durable, and then renamed into it: a crash leaves the whole file or none.
#[derive(Debug, Clone)]
pub struct LakeFolder {
    root: PathBuf,
}

impl LakeFolder {
    /// `root` is made with the first file that is put.
    pub fn new(root: impl Into<PathBuf>) -> LakeFolder {
        LakeFolder { root: root.into() }
    }

    /// A small file whole; `None` where there is none.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, PortError> {
        let path = self.root.join(path);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, "could not be read", &error)),
        }
    }

    /// Where a file lies, for people.
    pub(crate) fn place(&self, path: &str) -> String {
        self.root.join(path).display().to_string()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let folder = path.parent().unwrap_or(&self.root);
        make_folder(folder)?;
        let unfinished = path.with_extension("unfinished");
        let written = File::create(&unfinished)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&unfinished, path));
        if let Err(error) = written {
            // Frees the space where the disk is full; the next attempt would overwrite it anyway.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        sync_folder(folder)
    }
}

impl LakeStore for LakeFolder {
    type File = File;

    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        let path = self.root.join(&file.path);
        self.write(&path, &file.bytes).map_err(|error| failed(&path, "could not be written", &error))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let mut paths = Vec::new();
        collect(&self.root, prefix.trim_end_matches('/'), &mut paths)?;
        paths.sort();
        Ok(paths)
    }

    async fn open(&self, path: &str) -> Result<File, PortError> {
        let path = self.root.join(path);
        File::open(&path).map_err(|error| failed(&path, "could not be opened", &error))
    }
}

impl LakeErasure for LakeFolder {
    async fn remove(&self, path: &str) -> Result<(), PortError> {
        let path = self.root.join(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed(&path, "could not be removed", &error))
            }
            _ => path
                .parent()
                .filter(|folder| folder.is_dir())
                .map_or(Ok(()), sync_folder)
                .map_err(|error| failed(&path, "could not be removed", &error)),
        }
    }
}

impl ReportStore for LakeFolder {
    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        LakeStore::put(self, file).await
    }
}

/// Makes a folder and those above it; each is durable in its parent.
fn make_folder(folder: &Path) -> Result<(), Error> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(parent)?;
        fs::create_dir_all(folder)?;
        return sync_folder(parent);
    }
    Ok(())
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Adds the files under `relative`, as paths from the root.
fn collect(root: &Path, relative: &str, paths: &mut Vec<String>) -> Result<(), PortError> {
    let folder = root.join(relative);
    let unreadable = |error: Error| failed(&folder, "could not be listed", &error);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    };
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
        if entry.file_type().map_err(unreadable)?.is_dir() {
            collect(root, &path, paths)?;
        } else if !name.ends_with(".unfinished") {
            paths.push(path);
        }
    }
    Ok(())
}

fn failed(path: &Path, what: &str, error: &Error) -> PortError {
    let advice = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, then start again",
        ErrorKind::PermissionDenied => "give this user the right to it, then start again",
        ErrorKind::NotFound => "put it back from a copy",
        _ => "check the disk and the folder, then start again",
    };
    PortError::Failed { what: "the lake", reason: format!("{} {what}: {error}; {advice}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;
    use std::io::Read;

    fn file(path: &str, bytes: &[u8]) -> LakeFile {
        LakeFile { path: path.to_owned(), bytes: bytes.to_vec() }
    }

    #[test]
    fn files_are_listed_in_order_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let lake = LakeFolder::new(folder.path().join("data/lake"));
        assert_eq!(block_on(lake.list("events/")).unwrap(), Vec::<String>::new());
        for path in ["events/dt=2026-11-23/log-01.parquet", "events/dt=2026-11-22/log-02.parquet", "other/x"]
        {
            block_on(LakeStore::put(&lake, &file(path, b"first"))).unwrap();
        }
        block_on(LakeStore::put(&lake, &file("events/dt=2026-11-22/log-02.parquet", b"second"))).unwrap();
        let unfinished = folder.path().join("data/lake/events/dt=2026-11-22/log-03.unfinished");
        fs::write(unfinished, b"hal").unwrap();

        let paths = block_on(lake.list("events/")).unwrap();
        assert_eq!(paths, ["events/dt=2026-11-22/log-02.parquet", "events/dt=2026-11-23/log-01.parquet"]);
        let mut read = String::new();
        block_on(lake.open(&paths[0])).unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read, "second");
    }

    #[test]
    fn errors_name_the_path_and_say_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let lake = LakeFolder::new(folder.path());
        let missing = block_on(lake.open("events/gone.parquet")).unwrap_err().to_string();
        assert!(missing.contains("events/gone.parquet could not be opened"), "{missing}");
        assert!(missing.contains("put it back"), "{missing}");
        // A file stands where a folder is needed.
        fs::write(folder.path().join("events"), b"").unwrap();
        let blocked = block_on(LakeStore::put(&lake, &file("events/dt=2026-11-22/a.parquet", b"x")))
            .unwrap_err()
            .to_string();
        assert!(blocked.contains("dt=2026-11-22/a.parquet could not be written"), "{blocked}");
    }

    #[test]
    fn a_full_disk_says_so() {
        let full = Error::from(ErrorKind::StorageFull);
        let text =
            failed(Path::new("/data/lake/events/a.parquet"), "could not be written", &full).to_string();
        assert!(
            text.starts_with("the lake failed: /data/lake/events/a.parquet could not be written"),
            "{text}"
        );
        assert!(text.ends_with("free some space, then start again"), "{text}");
    }
}
