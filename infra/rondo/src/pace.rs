//! How much is done at once.

/// The sizes of what is gathered before it is made durable. Smaller ones cost speed, and change nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Lines of an imported file that are taken together, and so make one frame of the log.
    pub lines: usize,
    /// Events after which the store is committed.
    pub commit_events: u64,
    /// Events after which a file of the lake is written.
    pub file_events: usize,
    /// Bytes of changed profiles after which the store is committed.
    pub commit_bytes: usize,
    /// Bytes of profiles that are kept after a commit, to be read again.
    pub kept_bytes: usize,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            lines: 16_384,
            commit_events: 262_144,
            file_events: 65_536,
            commit_bytes: 64 << 20,
            kept_bytes: 64 << 20,
        }
    }
}

impl Pace {
    /// For files of any size: an import takes no more than 200 MB of memory, at the price of more commits.
    pub fn of_import() -> Pace {
        Pace {
            lines: 4_096,
            commit_events: 131_072,
            file_events: 32_768,
            commit_bytes: 32 << 20,
            kept_bytes: 16 << 20,
        }
    }

    /// Batches of so many lines; commits and files in small steps of their own.
    pub fn of_lines(lines: usize) -> Pace {
        Pace { lines, commit_events: 3 * lines as u64, file_events: 7 * lines, ..Pace::of_import() }
    }
}
