//! What the loop did, in numbers.

/// Sums since the loop was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events taken from the log, duplicates included.
    pub events: u64,
    /// Those of them that the loop made itself: messages sent and refused.
    pub reports: u64,
    pub duplicates: u64,
    /// Identity links that would have joined two known people.
    pub refused_links: u64,
    /// Records that went to quarantine.
    pub quarantined: u64,
    /// Messages that campaigns asked for.
    pub actions: u64,
    pub sent: u64,
    pub held: u64,
    pub refused: u64,
}
