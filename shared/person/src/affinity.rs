//! Interest in categories, brands and products that fades with time.

use event::wire::{Damaged, Reader, put_bytes, put_varint};
use xxhash_rust::xxh3::xxh3_64;

/// An interaction weighs half as much after this time, in ms: 30 days.
pub const HALF_LIFE_MS: i64 = 30 * event::DAY;

/// How many half-lives back weights are kept: what is older weighs under a sixteenth.
const PERIODS: i32 = 4;

/// Weight of an interaction on the nth day of its period, times 256: 256 · 2^(n/30), rounded.
const DAY_WEIGHTS: [u32; 30] = [
    256, 262, 268, 274, 281, 287, 294, 301, 308, 315, 323, 330, 338, 346, 354, 362, 371, 379, 388, 397, 406,
    416, 426, 436, 446, 456, 467, 478, 489, 500,
];

/// Interest in the values of one dimension, by forward decay (Cormode, Shkapenyuk, Srivastava and Xu,
/// "Forward Decay", ICDE 2009): a weight grows with the time of its event from a fixed landmark, so
/// that nothing has to be rewritten as time goes by, and scores compare at any moment. The landmark is
/// the epoch, in whole half-lives, and weights are integers by half-life, so that sums do not depend on
/// their order.
///
/// Weights are held by cells that a value hashes to, as a counting sketch has it: sums by cell are exact
/// however many values there are, and bounded. The newest values are held by name, to ask the sketch for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Affinity<'a> {
    /// The values met last, newest first.
    pub(crate) recent: Vec<Met<'a>>,
    /// Weights by cell and half-life since the epoch, in that order.
    pub(crate) cells: Vec<Cell>,
}

/// A value and when it was last met, UTC ms. Ordered by that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Met<'a> {
    pub at: i64,
    pub value: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    cell: u8,
    period: i32,
    weight: u32,
}

impl<'a> Affinity<'a> {
    /// Longest value that is kept, in bytes.
    pub(crate) const MAX_VALUE: usize = 96;

    /// Adds an interaction of a strength (1 for a view) with a value.
    pub(crate) fn add(&mut self, value: &'a str, strength: u32, at: i64, cells: u8, keep: usize) {
        if value.len() > Self::MAX_VALUE {
            return;
        }
        self.meet(Met { at, value }, keep);
        let day = at.rem_euclid(HALF_LIFE_MS) / event::DAY;
        let weight = DAY_WEIGHTS[day as usize].saturating_mul(strength);
        self.add_cell(Cell { cell: cell_of(value, cells), period: period_of(at), weight });
    }

    pub(crate) fn merge(&mut self, other: &Affinity<'a>, keep: usize) {
        other.recent.iter().for_each(|met| self.meet(*met, keep));
        other.cells.iter().for_each(|cell| self.add_cell(*cell));
    }

    /// Drops the weights that the newest event left too far behind.
    pub(crate) fn prune(&mut self, newest: i64) {
        let first = period_of(newest) - PERIODS + 1;
        if self.cells.iter().any(|cell| cell.period < first) {
            self.cells.retain(|cell| cell.period >= first);
        }
    }

    /// The values met last with their scores at `now`, highest first: 1 for each view at that moment, half
    /// for one a half-life ago.
    pub fn scores(&self, now: i64, cells: u8) -> Vec<(&'a str, f64)> {
        let now = now as f64 / HALF_LIFE_MS as f64;
        let score = |value: &str| -> f64 {
            let cell = cell_of(value, cells);
            let own = self.cells.iter().filter(|c| c.cell == cell);
            own.map(|c| f64::from(c.weight) / 256.0 * (f64::from(c.period) - now).exp2()).sum()
        };
        let mut scores: Vec<_> = self.recent.iter().map(|met| (met.value, score(met.value))).collect();
        scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        scores
    }

    pub(crate) fn clear(&mut self) {
        self.recent.clear();
        self.cells.clear();
    }

    fn meet(&mut self, met: Met<'a>, keep: usize) {
        // Values of one kind look alike but for their ends: a look at the last byte spares most comparisons.
        let last = met.value.as_bytes().last();
        let same = |other: &Met| other.value.as_bytes().last() == last && other.value == met.value;
        if let Some(at) = self.recent.iter().position(same) {
            if self.recent[at].at >= met.at {
                return;
            }
            self.recent.remove(at);
        }
        crate::bounded::insert_newest(&mut self.recent, met, keep);
    }

    fn add_cell(&mut self, cell: Cell) {
        match self.cells.binary_search_by(|c| (c.cell, c.period).cmp(&(cell.cell, cell.period))) {
            Ok(at) => self.cells[at].weight = self.cells[at].weight.saturating_add(cell.weight),
            Err(at) => self.cells.insert(at, cell),
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>, base: i64) {
        put_varint(out, self.recent.len() as u64);
        let mut before = base;
        for met in &self.recent {
            put_varint(out, (before - met.at) as u64);
            put_bytes(out, met.value.as_bytes());
            before = met.at;
        }
        let newest = period_of(base);
        for cell in &self.cells {
            out.push(cell.cell);
            put_varint(out, (newest - cell.period) as u64);
            put_varint(out, u64::from(cell.weight));
        }
    }

    pub(crate) fn decode(&mut self, mut reader: Reader<'a>, base: i64) -> Result<(), Damaged> {
        let mut at = base;
        for _ in 0..reader.varint()? {
            at = at.wrapping_sub(reader.varint()? as i64);
            self.recent.push(Met { at, value: reader.text()? });
        }
        let newest = period_of(base);
        while !reader.is_empty() {
            let cell = reader.byte()?;
            let period = newest.wrapping_sub(reader.varint()? as i32);
            self.cells.push(Cell { cell, period, weight: reader.varint()? as u32 });
        }
        Ok(())
    }
}

fn period_of(at: i64) -> i32 {
    at.div_euclid(HALF_LIFE_MS) as i32
}

fn cell_of(value: &str, cells: u8) -> u8 {
    (xxh3_64(value.as_bytes()) % u64::from(cells)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interest_halves_in_a_half_life() {
        let mut affinity = Affinity::default();
        let at = 700 * HALF_LIFE_MS + 3 * event::DAY;
        affinity.add("kitchen", 1, at, 64, 16);
        affinity.add("garden", 4, at - HALF_LIFE_MS, 64, 16);
        let scores = affinity.scores(at, 64);
        assert_eq!((scores[0].0, scores[1].0), ("garden", "kitchen"));
        assert!((scores[0].1 - 2.0).abs() < 0.01 && (scores[1].1 - 1.0).abs() < 0.01, "{scores:?}");
    }

    #[test]
    fn day_weights_are_powers_of_two() {
        for (day, weight) in DAY_WEIGHTS.iter().enumerate() {
            assert_eq!(*weight, (256.0 * (day as f64 / 30.0).exp2()).round() as u32, "day {day}");
        }
    }
}
