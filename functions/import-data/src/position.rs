//! How far a file has been read.

use std::fmt;

/// A place between two lines of a file: all before it was taken, nothing after it. Written as
/// `bytes:lines`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// Bytes before it; of a compressed file, decompressed bytes.
    pub bytes: u64,
    /// Lines before it.
    pub lines: u64,
}

impl Position {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Position> {
        let (bytes, lines) = text.split_once(':')?;
        Some(Position { bytes: bytes.parse().ok()?, lines: lines.parse().ok()? })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.bytes, self.lines)
    }
}
