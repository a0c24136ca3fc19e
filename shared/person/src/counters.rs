//! How often each event happened: in all, and by day for the last month.

use event::day_of;
use event::wire::{Damaged, Reader, put_bytes, put_varint};

/// How many days back counts by day reach.
pub const WINDOW_DAYS: usize = 30;

/// How many event names one person's counters hold: the first in alphabetical order.
pub(crate) const MAX_NAMES: usize = 32;

/// One event name's counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter<'a> {
    pub name: &'a str,
    pub total: u64,
    /// When it first and last happened, UTC ms.
    pub first: i64,
    pub last: i64,
    /// Counts by UTC day, `days[0]` on the day of `last`, each saturating at 65,535.
    days: [u16; WINDOW_DAYS],
}

impl<'a> Counter<'a> {
    pub(crate) fn new(name: &'a str, at: i64) -> Self {
        Counter { name, total: 0, first: at, last: at, days: [0; WINDOW_DAYS] }
    }

    pub(crate) fn count(&mut self, at: i64) {
        self.total += 1;
        self.first = self.first.min(at);
        self.extend_to(at);
        self.add(day_of(at), 1);
    }

    pub(crate) fn merge(&mut self, other: &Counter<'_>) {
        self.total += other.total;
        self.first = self.first.min(other.first);
        self.extend_to(other.last);
        for (back, count) in other.days.iter().enumerate() {
            self.add(day_of(other.last) - back as i32, *count);
        }
    }

    /// How often it happened in the `days` UTC days that end with the day of `now`; at most
    /// [`WINDOW_DAYS`].
    pub fn within(&self, days: usize, now: i64) -> u64 {
        let newest = day_of(self.last);
        let from = day_of(now) - days.min(WINDOW_DAYS) as i32;
        let counts = self.days.iter().enumerate();
        counts.filter(|(back, _)| newest - *back as i32 > from).map(|(_, count)| u64::from(*count)).sum()
    }

    fn extend_to(&mut self, at: i64) {
        let forward = day_of(at.max(self.last)) - day_of(self.last);
        if forward > 0 {
            let shift = (forward as usize).min(WINDOW_DAYS);
            self.days.copy_within(..WINDOW_DAYS - shift, shift);
            self.days[..shift].fill(0);
        }
        self.last = self.last.max(at);
    }

    fn add(&mut self, day: i32, count: u16) {
        let back = day_of(self.last) - day;
        if let Some(slot) = usize::try_from(back).ok().and_then(|back| self.days.get_mut(back)) {
            *slot = slot.saturating_add(count);
        }
    }

    /// `base` is a time that is no earlier than any of the counter's.
    pub(crate) fn encode(&self, out: &mut Vec<u8>, base: i64) {
        put_bytes(out, self.name.as_bytes());
        put_varint(out, self.total);
        put_varint(out, (base - self.last) as u64);
        put_varint(out, (self.last - self.first) as u64);
        let filled = self.days.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        put_varint(out, filled as u64);
        for count in &self.days[..filled] {
            put_varint(out, u64::from(*count));
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'a>, base: i64) -> Result<Self, Damaged> {
        let name = reader.text()?;
        let total = reader.varint()?;
        let last = base.wrapping_sub(reader.varint()? as i64);
        let first = last.wrapping_sub(reader.varint()? as i64);
        let mut days = [0; WINDOW_DAYS];
        for n in 0..reader.varint()? {
            let count = reader.varint()? as u16;
            if let Some(slot) = days.get_mut(n as usize) {
                *slot = count;
            }
        }
        Ok(Counter { name, total, first, last, days })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::DAY;

    #[test]
    fn windows_count_whole_days() {
        let mut counter = Counter::new("Product Viewed", 10 * DAY);
        for day in [10, 10, 12, 39, 40, 5] {
            counter.count(day * DAY + 1);
        }
        assert_eq!((counter.total, counter.first), (6, 5 * DAY + 1));
        let now = 40 * DAY + 5;
        assert_eq!(counter.within(1, now), 1);
        assert_eq!(counter.within(2, now), 2);
        assert_eq!(counter.within(29, now), 3);
        assert_eq!(counter.within(30, now), 3, "day 10 left the window when day 40 came");
        assert_eq!(counter.within(7, now + 30 * DAY), 0);
    }
}
