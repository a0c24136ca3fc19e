//! Recognising a file by its content.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use xxhash_rust::xxh3::Xxh3;

/// Bytes looked at in each of three places.
const SAMPLE: u64 = 64 * 1024;

/// What tells a file from others without reading it whole: its length, and a hash (XXH3) of its first, middle
/// and last 64 KiB. Written as `length-hash`, whatever name the file goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// Length in bytes, compressed where the file is.
    pub length: u64,
    hash: u64,
}

impl Fingerprint {
    /// Reads the samples; leaves the file at its start.
    pub fn of(file: &mut (impl Read + Seek)) -> io::Result<Fingerprint> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut hash = Xxh3::new();
        let mut sample = Vec::new();
        let last = length.saturating_sub(SAMPLE);
        for start in [0, last / 2, last] {
            file.seek(SeekFrom::Start(start))?;
            sample.clear();
            file.by_ref().take(SAMPLE).read_to_end(&mut sample)?;
            hash.update(&sample);
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(Fingerprint { length, hash: hash.digest() })
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        let (length, hash) = text.split_once('-')?;
        Some(Fingerprint { length: length.parse().ok()?, hash: u64::from_str_radix(hash, 16).ok()? })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.length, self.hash)
    }
}
