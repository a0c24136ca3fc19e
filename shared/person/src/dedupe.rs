//! The message ids of the last day, so that a redelivered event counts once; those of refunds for longer.

use event::wire::{Damaged, Reader, put_varint};
use event::{MINUTE, MessageHash};

/// How long a message id is remembered after its receipt, in minutes.
pub const WINDOW_MINUTES: u32 = 24 * 60;

/// How many message ids one person's window holds: the newest by receive time.
pub const MAX_HASHES: usize = 256;

/// The part of a message hash that is kept. A false match within one window of 256 has a chance of one in
/// 10^12 an event.
const HASH_MASK: u64 = (1 << 48) - 1;

/// How many refunds are remembered: the newest by receive time.
pub const MAX_REFUNDS: usize = 64;

/// The message ids of the last day.
pub type DedupeWindow = Seen<WINDOW_MINUTES, MAX_HASHES>;

/// The message ids of refunds, however long ago they came: some shop systems tell of a refund again with every later
/// change of its order.
pub type RefundsSeen = Seen<{ u32::MAX }, MAX_REFUNDS>;

/// Hashes of message ids that came within so many minutes before the newest, at most so many, with their receive
/// minutes, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen<const MINUTES: u32, const MOST: usize> {
    entries: Vec<(u32, u64)>,
}

impl<const MINUTES: u32, const MOST: usize> Seen<MINUTES, MOST> {
    /// Whether the message was seen.
    #[inline]
    pub fn contains(&self, hash: MessageHash) -> bool {
        let hash = hash.0 & HASH_MASK;
        self.entries.iter().any(|(_, seen)| *seen == hash)
    }

    /// Remembers a message, and forgets what its receipt leaves behind.
    pub(crate) fn insert(&mut self, hash: MessageHash, received_at: i64) {
        let minute = received_at.div_euclid(MINUTE).clamp(0, i64::from(u32::MAX)) as u32;
        self.insert_entry((minute, hash.0 & HASH_MASK));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for entry in &other.entries {
            if !self.entries.iter().any(|(_, hash)| *hash == entry.1) {
                self.insert_entry(*entry);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    fn insert_entry(&mut self, entry: (u32, u64)) {
        let newest = self.entries.first().map_or(entry.0, |first| first.0.max(entry.0));
        if newest - entry.0 > MINUTES {
            return;
        }
        crate::bounded::insert_newest(&mut self.entries, entry, MOST);
        let kept = self.entries.partition_point(|(minute, _)| newest - minute <= MINUTES);
        self.entries.truncate(kept);
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let Some((newest, _)) = self.entries.first() else { return };
        out.reserve(self.entries.len() * 7 + 5);
        put_varint(out, u64::from(*newest));
        let mut before = *newest;
        for (minute, hash) in &self.entries {
            put_varint(out, u64::from(before - minute));
            out.extend_from_slice(&hash.to_le_bytes()[..6]);
            before = *minute;
        }
    }

    pub(crate) fn decode(&mut self, mut reader: Reader<'_>) -> Result<(), Damaged> {
        if reader.is_empty() {
            return Ok(());
        }
        let mut minute = reader.varint()? as u32;
        while !reader.is_empty() {
            minute = minute.wrapping_sub(reader.varint()? as u32);
            let [a, b, c, d, e, f] = reader.array()?;
            self.entries.push((minute, u64::from_le_bytes([a, b, c, d, e, f, 0, 0])));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{DAY, HOUR};

    #[test]
    fn remembers_a_day_and_no_more_than_its_bound() {
        let mut window = DedupeWindow::default();
        window.insert(MessageHash(1), DAY);
        window.insert(MessageHash(2), DAY + 20 * HOUR);
        assert!(window.contains(MessageHash(1)));
        window.insert(MessageHash(3), 2 * DAY + HOUR);
        assert!(!window.contains(MessageHash(1)) && window.contains(MessageHash(2)));
        for n in 0..2 * MAX_HASHES as u64 {
            window.insert(MessageHash(100 + n), 2 * DAY + HOUR + n as i64 * MINUTE / 8);
        }
        assert_eq!(window.entries.len(), MAX_HASHES);
        assert!(window.contains(MessageHash(99 + 2 * MAX_HASHES as u64)));
    }
}
