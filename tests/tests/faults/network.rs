//! A network that throttles, loses answers and lets batches fail in part, at random and counted.

use crate::partial::{Dropped, without_some};
use crate::refusal::throttled;
use rondo_tests::proxy::{Call, Fate};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How often something goes wrong, by a hundred calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// Answered that it is one too many, and not carried.
    pub throttled: u64,
    /// Carried, without an answer; but for e-mail.
    pub lost: u64,
    /// E-mail that is carried without an answer: whether it left can't be known then, and it is not sent again.
    pub mail_lost: u64,
    /// Of the entries of a batch, so many fail.
    pub partial: u64,
}

/// What happened to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    Carried,
    Throttled,
    AnswerLost,
    FailedInPart,
}

/// Calls by what happened to them, service and operation.
pub type Counts = BTreeMap<(Happened, &'static str, String), u64>;

/// Decides what happens to each call, and counts it.
#[derive(Clone)]
pub struct Network {
    rates: Rates,
    state: Arc<Mutex<(Dice, Counts)>>,
}

impl Network {
    pub fn new(seed: u64, rates: Rates) -> Network {
        Network { rates, state: Arc::new(Mutex::new((Dice::new(seed), Counts::new()))) }
    }

    /// What becomes of a call. The first calls of an operation meet each kind of fault, whatever the dice say.
    pub fn decide(&self, call: &Call) -> Fate {
        let mut state = self.state.lock().unwrap();
        let (dice, counts) = &mut *state;
        let key = |happened| (happened, call.service(), call.operation().to_owned());
        let never = |happened| counts.get(&key(happened)).is_none();
        let (happened, fate) = self.fate(call, dice, never);
        *counts.entry(key(happened)).or_default() += 1;
        fate
    }

    fn fate(&self, call: &Call, dice: &mut Dice, never: impl Fn(Happened) -> bool) -> (Happened, Fate) {
        let Rates { throttled: too_many, lost, mail_lost, partial } = self.rates;
        let lost = if call.service() == "SES" { mail_lost } else { lost };
        let mut befalls = |percent, happened| dice.hits(percent) || (percent > 0 && never(happened));
        if befalls(too_many, Happened::Throttled) {
            return (Happened::Throttled, Fate::Answered(throttled(call, dice)));
        }
        if befalls(lost, Happened::AnswerLost) {
            return (Happened::AnswerLost, Fate::AnswerLost);
        }
        if partial > 0
            && let Some(dropped) = without_some(call, &mut || dice.hits(partial))
        {
            let fate = match dropped {
                Dropped::All(answer) => Fate::Answered(answer),
                Dropped::Some { body, answer } => Fate::Changed { body, answer },
            };
            return (Happened::FailedInPart, fate);
        }
        (Happened::Carried, Fate::Carried)
    }

    /// How many calls of a service and operation (any, where it is empty) something happened to.
    pub fn count(&self, happened: Happened, service: &str, operation: &str) -> u64 {
        let state = self.state.lock().unwrap();
        let ours = state.1.iter().filter(|((what, of, named), _)| {
            *what == happened && *of == service && (operation.is_empty() || named == operation)
        });
        ours.map(|(_, count)| count).sum()
    }

    /// Everything that was counted.
    pub fn counts(&self) -> Counts {
        self.state.lock().unwrap().1.clone()
    }
}

/// A small generator of numbers (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// True so often in a hundred.
    pub fn hits(&mut self, percent: u64) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % 100 < percent
    }
}
