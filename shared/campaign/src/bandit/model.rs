//! What a bandit makes of what it learned: a choice for each seed.

use super::dice::Dice;
use super::state::{Bandit, feature};
use crate::Share;

/// What there is to choose, and what it may depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Design {
    pub slots: Vec<Slot>,
    /// The names of the circumstances that hold or do not.
    pub circumstances: Vec<String>,
    /// The share of messages in which everything is left to chance, however much was learned.
    pub explore: Share,
    /// How often each level of a slot is shown before the slot is chosen by what was learned; until then by chance.
    pub min_samples: u64,
}

/// One of the things to choose, and its levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub name: String,
    pub levels: Vec<String>,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Which level of each slot.
    pub levels: Vec<usize>,
    /// Whether chance alone chose one of them.
    pub explored: bool,
}

/// A state, reckoned for a design. Reckoning takes the cube of [`Design::features`], a choice the square.
#[derive(Debug, Clone)]
pub struct Model {
    design: Design,
    /// The expected effect of each feature, over the average.
    mean: Vec<f64>,
    /// The lower triangle of the Cholesky factor of the precision, row by row.
    factor: Vec<f64>,
    /// The standard deviation of a reward.
    noise: f64,
    /// Whether each level of each slot was shown often enough.
    ready: Vec<Vec<bool>>,
}

impl Design {
    /// The most features: at 96 a model takes a third of a million multiplications to reckon.
    pub const MAX_FEATURES: usize = 96;

    /// How many numbers the model learns: of each level one, and one for each circumstance.
    pub fn features(&self) -> usize {
        self.slots.iter().map(|slot| slot.levels.len()).sum::<usize>() * (1 + self.circumstances.len())
    }

    fn names(&self) -> Vec<String> {
        let levels =
            self.slots.iter().flat_map(|slot| slot.levels.iter().map(move |level| (&slot.name, level)));
        let circumstances = || self.circumstances.iter().map(|name| Some(name.as_str()));
        levels
            .flat_map(|(slot, level)| {
                std::iter::once(None).chain(circumstances()).map(move |one| feature(slot, level, one))
            })
            .collect()
    }
}

impl Model {
    /// The model of a design with at most [`Design::MAX_FEATURES`], from what was learned; levels and circumstances are
    /// found again by their names. Rewards have a normal prior around the average, with their own variance.
    pub fn new(design: &Design, bandit: &Bandit) -> Model {
        let names = design.names();
        let size = names.len();
        let rate = (bandit.all.rewarded as f64 + 1.0) / (bandit.all.shown as f64 + 2.0);
        let mut factor = vec![0.0; size * (size + 1) / 2];
        let mut mean = vec![0.0; size];
        for (row, name) in names.iter().enumerate() {
            let seen = bandit.seen.get(name).copied().unwrap_or_default();
            mean[row] = seen.rewarded as f64 - rate * seen.shown as f64;
            for (column, other) in names[..row].iter().enumerate() {
                let pair =
                    if name < other { (name.clone(), other.clone()) } else { (other.clone(), name.clone()) };
                factor[at(row, column)] = bandit.together.get(&pair).copied().unwrap_or_default() as f64;
            }
            factor[at(row, row)] = seen.shown as f64 + 1.0;
        }
        decompose(&mut factor, size);
        forward(&factor, &mut mean);
        backward(&factor, &mut mean);
        let often = |slot: &Slot| {
            let shown = slot.levels.iter().map(|level| bandit.of(&slot.name, level).0);
            shown.map(|times| times >= design.min_samples.max(1)).collect()
        };
        Model {
            mean,
            factor,
            noise: (rate * (1.0 - rate)).sqrt(),
            ready: design.slots.iter().map(often).collect(),
            design: design.clone(),
        }
    }

    /// The design that it is of.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// Chooses a level of each slot: the same for the same seed and circumstances (whether each of the design's holds).
    pub fn choose(&self, circumstances: &[bool], seed: u64) -> Choice {
        let all: Vec<Vec<usize>> =
            self.design.slots.iter().map(|slot| (0..slot.levels.len()).collect()).collect();
        self.choose_among(&all, circumstances, seed)
    }

    /// The same among some levels of each slot, at least one of each: the others are neither chosen nor waited for.
    pub fn choose_among(&self, among: &[Vec<usize>], circumstances: &[bool], seed: u64) -> Choice {
        let mut dice = Dice(seed);
        if dice.below(10_000) < usize::from(self.design.explore.ten_thousandths()) {
            let levels = among.iter().map(|levels| levels[dice.below(levels.len())]).collect();
            return Choice { levels, explored: true };
        }
        // One draw of all effects from what is believed of them.
        let mut effects: Vec<f64> = (0..self.mean.len()).map(|_| self.noise * dice.normal()).collect();
        backward(&self.factor, &mut effects);
        effects.iter_mut().zip(&self.mean).for_each(|(effect, mean)| *effect += mean);
        let width = 1 + self.design.circumstances.len();
        let (mut levels, mut first, mut explored) = (Vec::with_capacity(among.len()), 0, false);
        for ((slot, ready), among) in self.design.slots.iter().zip(&self.ready).zip(among) {
            let chance = among[dice.below(among.len())];
            let worth = |level: usize| {
                let own = &effects[(first + level) * width..][..width];
                let in_these = own[1..].iter().zip(circumstances).filter(|(_, holds)| **holds);
                own[0] + in_these.map(|(effect, _)| effect).sum::<f64>()
            };
            let best = among.iter().copied().max_by(|a, b| worth(*a).total_cmp(&worth(*b)));
            let is_ready = among.iter().all(|level| ready[*level]);
            levels.push(best.filter(|_| is_ready).unwrap_or(chance));
            explored |= !is_ready;
            first += slot.levels.len();
        }
        Choice { levels, explored }
    }
}

/// The place of a row and column in a lower triangle.
fn at(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

/// The Cholesky factor of a symmetric positive definite matrix, in its place.
fn decompose(matrix: &mut [f64], size: usize) {
    for row in 0..size {
        for column in 0..=row {
            let products = (0..column).map(|k| matrix[at(row, k)] * matrix[at(column, k)]).sum::<f64>();
            let rest = matrix[at(row, column)] - products;
            // Never below 1 but for rounding: the prior adds 1 to what can't be negative.
            matrix[at(row, column)] =
                if row == column { rest.max(1e-9).sqrt() } else { rest / matrix[at(column, column)] };
        }
    }
}

/// Solves `factor · x = values`, in place.
fn forward(factor: &[f64], values: &mut [f64]) {
    for row in 0..values.len() {
        let known: f64 = (0..row).map(|k| factor[at(row, k)] * values[k]).sum();
        values[row] = (values[row] - known) / factor[at(row, row)];
    }
}

/// Solves `factorᵀ · x = values`, in place.
fn backward(factor: &[f64], values: &mut [f64]) {
    for row in (0..values.len()).rev() {
        let known: f64 = (row + 1..values.len()).map(|k| factor[at(k, row)] * values[k]).sum();
        values[row] = (values[row] - known) / factor[at(row, row)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix whose factor and solution are known by hand: [[4,2],[2,5]] = L·Lᵀ with L = [[2,0],[1,2]].
    #[test]
    fn a_system_is_solved() {
        let mut factor = vec![4.0, 2.0, 5.0];
        decompose(&mut factor, 2);
        assert_eq!(factor, [2.0, 1.0, 2.0]);
        let mut values = vec![10.0, 17.0];
        forward(&factor, &mut values);
        assert_eq!(values, [5.0, 6.0]);
        backward(&factor, &mut values);
        assert_eq!(values, [1.0, 3.0]);
    }
}
