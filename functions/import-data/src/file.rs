//! Files of this machine, and compression.

use crate::{Fingerprint, ImportError, Lines, Position};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// A stream of bytes, decompressed where it has to be.
pub type Source = Box<dyn Read + Send>;

/// The stream as it is, or decompressed where it begins like gzip.
pub fn decoded(mut stream: impl Read + Send + 'static) -> io::Result<Source> {
    let mut magic = Vec::with_capacity(2);
    stream.by_ref().take(2).read_to_end(&mut magic)?;
    let gzip = magic == [0x1f, 0x8b];
    let whole = io::Cursor::new(magic).chain(stream);
    Ok(if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

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
        let mut magic = Vec::with_capacity(2);
        file.by_ref().take(2).read_to_end(&mut magic).map_err(unreadable)?;
        let name = path.file_name().map_or(shown.clone(), |name| name.to_string_lossy().into_owned());
        Ok(SourceFile { name, fingerprint, file, compressed: magic == [0x1f, 0x8b] })
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
        let mut source = MultiGzDecoder::new(self.file);
        let passed = io::copy(&mut source.by_ref().take(from.bytes), &mut io::sink()).map_err(unreadable)?;
        if passed < from.bytes {
            return Err(shorter());
        }
        Ok(Lines::with_buffer(Box::new(source), from, bytes))
    }
}
