//! A trial of the bandit: people made up from a seed, whose true tastes are known, so that regret can be told.

use super::dice::Dice;
use super::learn::{Reward, Shown};
use super::model::{Design, Model, Slot};
use super::state::Bandit;
use crate::Share;
use event::{HOUR, Identifiers, Key};

/// What came of a trial. Rewards are expected ones: what the true rates of the chosen creatives add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub messages: usize,
    pub bandit: f64,
    /// What the one creative that is best over all people would have earned, sent to all.
    pub best_fixed: f64,
    /// What chance alone would have earned.
    pub uniform: f64,
    /// What the best creative of each person would have earned.
    pub best: f64,
    /// The regret against the best fixed creative in each tenth of the messages; below 0 where the bandit earned more.
    pub regret: [f64; 10],
}

/// Messages between two lessons.
const BATCH: usize = 1_000;

/// Sends so many messages to people made up from a seed, and learns after each thousand. A creative has a title, a
/// picture and an order of blocks: 3 · 3 · 2 of them. Half of the people bought before; `tastes` is how far those are from
/// the others in what they like: 0 for alike, 1 for indifferent, 2 for the very opposite.
pub fn trial(seed: u64, messages: usize, tastes: f64) -> Trial {
    let mut dice = Dice(seed);
    let design = design();
    let truth = Truth::new(&mut dice, &design, tastes);
    let mut bandit = Bandit::default();
    let mut model = Model::new(&design, &bandit);
    let mut trial =
        Trial { messages, bandit: 0.0, best_fixed: 0.0, uniform: 0.0, best: 0.0, regret: [0.0; 10] };
    let (mut shown, mut rewards) = (Vec::new(), Vec::new());
    let all = truth.creatives();
    let average = |levels: &Vec<usize>| (truth.rate(levels, false) + truth.rate(levels, true)) / 2.0;
    let fixed = all.iter().max_by(|a, b| average(a).total_cmp(&average(b))).cloned().unwrap_or_default();
    for number in 0..messages {
        let buyer = dice.unit() < 0.5;
        let choice = model.choose(&[buyer], dice.next());
        let rate = truth.rate(&choice.levels, buyer);
        let action = Key((number as u128 + 1).to_be_bytes());
        let levels = design.slots.iter().zip(&choice.levels);
        shown.push(Shown {
            action,
            identifiers: Identifiers::default(),
            at: number as i64,
            levels: levels.map(|(slot, level)| (slot.name.clone(), slot.levels[*level].clone())).collect(),
            circumstances: buyer.then(|| "buyer".to_owned()).into_iter().collect(),
        });
        if dice.unit() < rate {
            let reward =
                Reward { action: Some(action), identifiers: Identifiers::default(), at: number as i64 };
            rewards.push(reward);
        }
        let of_all = all.iter().map(|levels| truth.rate(levels, buyer));
        trial.bandit += rate;
        trial.uniform += of_all.clone().sum::<f64>() / all.len() as f64;
        trial.best += of_all.fold(0.0, f64::max);
        trial.best_fixed += truth.rate(&fixed, buyer);
        trial.regret[number * 10 / messages] += truth.rate(&fixed, buyer) - rate;
        if (number + 1) % BATCH == 0 {
            bandit.learn(&shown, &rewards, HOUR, number as i64 + 1 + HOUR);
            model = Model::new(&design, &bandit);
            shown.clear();
            rewards.clear();
        }
    }
    trial
}

fn design() -> Design {
    let slot = |name: &str, levels: &[&str]| Slot {
        name: name.to_owned(),
        levels: levels.iter().map(|level| (*level).to_owned()).collect(),
    };
    Design {
        slots: vec![
            slot("title", &["question", "plain", "playful"]),
            slot("picture", &["kettle", "leaf", "none"]),
            slot("order", &["picture-first", "offer-first"]),
        ],
        circumstances: vec!["buyer".to_owned()],
        explore: Share::new(0.1).unwrap_or_default(),
        min_samples: 100,
    }
}

/// The true rates: a tenth on the average, each level a little more or less.
struct Truth {
    /// By slot and level: the effect on all, and on buyers besides.
    effects: Vec<Vec<(f64, f64)>>,
}

impl Truth {
    fn new(dice: &mut Dice, design: &Design, tastes: f64) -> Truth {
        let mut effect = || (dice.unit() - 0.5) * 0.06;
        let levels = |slot: &Slot| {
            let effects = slot.levels.iter().map(|_| effect());
            effects.map(|all| (all, -tastes * all)).collect::<Vec<_>>()
        };
        Truth { effects: design.slots.iter().map(levels).collect() }
    }

    fn rate(&self, levels: &[usize], buyer: bool) -> f64 {
        let effects = self.effects.iter().zip(levels).map(|(slot, level)| slot[*level]);
        let sum: f64 = effects.map(|(all, buyers)| all + if buyer { buyers } else { 0.0 }).sum();
        (0.1 + sum).clamp(0.005, 0.5)
    }

    fn creatives(&self) -> Vec<Vec<usize>> {
        let mut all = vec![Vec::new()];
        for slot in &self.effects {
            let longer = |levels: &Vec<usize>| {
                let levels = levels.clone();
                (0..slot.len()).map(move |level| [levels.as_slice(), &[level]].concat()).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        all
    }
}
