//! Files of this machine.

use crate::stream::{Compression, Peeked};
use crate::{Fingerprint, ImportError, Lines, Position, Rows, Source, decoded};
use event::Mapping;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// A file to import.
pub struct SourceFile {
    /// The file's name without its folders: the `source` of its events.
    pub name: String,
    pub fingerprint: Fingerprint,
    file: File,
    compressed: bool,
}

impl SourceFile {
    pub fn open(path: &Path) -> Result<SourceFile, ImportError> {
        let shown = path.display().to_string();
        let unreadable = |error: io::Error| ImportError::reading(&shown, &error);
        let mut file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            let reason = "it is a folder; name a file in it".to_owned();
            return Err(ImportError::Unreadable { name: shown, reason });
        }
        let fingerprint = Fingerprint::of(&mut file).map_err(unreadable)?;
        let mut magic = Vec::with_capacity(Compression::MAGIC);
        file.by_ref().take(Compression::MAGIC as u64).read_to_end(&mut magic).map_err(unreadable)?;
        let name = path.file_name().map_or(shown.clone(), |name| name.to_string_lossy().into_owned());
        Ok(SourceFile { name, fingerprint, file, compressed: Compression::of(&magic) != Compression::None })
    }

    /// Its beginning, decompressed.
    pub(crate) fn peeked(&self) -> io::Result<Peeked> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Peeked::of(file)
    }

    pub(crate) fn into_file(self) -> File {
        self.file
    }

    /// The rows from `from` on: where an earlier import of the same content stopped, or the default for the beginning.
    /// They come in batches of up to so many bytes.
    pub fn rows(self, from: Position, mapping: Option<&Mapping>, bytes: usize) -> Result<Rows, ImportError> {
        if from.bytes > 0 && self.fingerprint.length == 0 {
            return Err(ImportError::Shorter { name: self.name, at: from });
        }
        Rows::of_file(&self.name, self.file, from, mapping, bytes)
    }

    /// The lines from `from` on: where an earlier import of the same content stopped, or the default for the
    /// beginning.
    pub fn lines(self, from: Position) -> Result<Lines<Source>, ImportError> {
        self.lines_buffered(from, 0)
    }

    /// The same in batches of up to so many bytes.
    pub fn lines_buffered(mut self, from: Position, bytes: usize) -> Result<Lines<Source>, ImportError> {
        let name = &self.name;
        let unreadable = |error: io::Error| ImportError::reading(name, &error);
        let shorter = || ImportError::Shorter { name: name.clone(), at: from };
        let start = if self.compressed { 0 } else { from.bytes };
        if start > self.fingerprint.length {
            return Err(shorter());
        }
        self.file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        if !self.compressed {
            return Ok(Lines::with_buffer(Box::new(self.file), from, bytes));
        }
        self.file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut source: Source = decoded(self.file).map_err(unreadable)?;
        let passed = io::copy(&mut source.by_ref().take(from.bytes), &mut io::sink()).map_err(unreadable)?;
        if passed < from.bytes {
            return Err(shorter());
        }
        Ok(Lines::with_buffer(source, from, bytes))
    }
}
