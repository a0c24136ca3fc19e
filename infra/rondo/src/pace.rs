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
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { lines: 16_384, commit_events: 262_144, file_events: 65_536 }
    }
}

impl Pace {
    /// Batches of so many lines; commits and files in small steps of their own.
    pub fn of_lines(lines: usize) -> Pace {
        Pace { lines, commit_events: 3 * lines as u64, file_events: 7 * lines }
    }
}
