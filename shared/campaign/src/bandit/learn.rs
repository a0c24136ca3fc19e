//! Learning from what was shown and what came of it.

use super::state::{Bandit, feature};
use event::{Identifier, Identifiers, Key};
use foldhash::HashMap;
use std::collections::BTreeMap;

/// A message that was sent with choices in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub action: Key,
    /// To whom.
    pub identifiers: Identifiers,
    /// UTC ms.
    pub at: i64,
    /// The level of each slot.
    pub levels: BTreeMap<String, String>,
    /// The circumstances that held.
    pub circumstances: Vec<String>,
}

/// Something that was hoped for.
#[derive(Debug, Clone, PartialEq)]
pub struct Reward {
    /// The message that it is known to have come of; `None` where only the person is known.
    pub action: Option<Key>,
    pub identifiers: Identifiers,
    /// UTC ms.
    pub at: i64,
}

impl Bandit {
    /// Learns from every message that was shown since the last time, and whose window (ms) was over by `until`, UTC ms.
    /// A message is rewarded if a reward names it, or names no message and came from one of its person's identifiers,
    /// within its window. The order of neither matters, and learning the same again changes nothing; what was shown
    /// before the last time and is told of only now is not learned from. Returns how many messages were learned from.
    pub fn learn(&mut self, shown: &[Shown], rewards: &[Reward], window: i64, until: i64) -> u64 {
        let end = until.saturating_sub(window);
        let from = self.learned_until.unwrap_or(i64::MIN);
        let (mut of_action, mut of_person): (HashMap<Key, Vec<i64>>, HashMap<Identifier, Vec<i64>>) =
            Default::default();
        for reward in rewards {
            match reward.action {
                Some(action) => of_action.entry(action).or_default().push(reward.at),
                None => {
                    for identifier in reward.identifiers.iter() {
                        of_person.entry(*identifier).or_default().push(reward.at);
                    }
                }
            }
        }
        let before = self.all.shown;
        let mut actions: HashMap<Key, ()> = HashMap::default();
        for one in shown.iter().filter(|one| (from..end).contains(&one.at)) {
            if actions.insert(one.action, ()).is_some() {
                continue;
            }
            let in_time = |times: &Vec<i64>| times.iter().any(|at| (one.at..=one.at + window).contains(at));
            let rewarded = of_action.get(&one.action).is_some_and(in_time)
                || one.identifiers.iter().any(|id| of_person.get(id).is_some_and(in_time));
            self.count(one.features(), rewarded);
        }
        self.learned_until = Some(from.max(end));
        self.all.shown - before
    }
}

impl Shown {
    fn features(&self) -> Vec<String> {
        let of_level = |(slot, level): (&String, &String)| {
            let circumstances = self.circumstances.iter().map(|name| Some(name.as_str()));
            let all = std::iter::once(None).chain(circumstances);
            all.map(|circumstance| feature(slot, level, circumstance)).collect::<Vec<_>>()
        };
        self.levels.iter().flat_map(of_level).collect()
    }
}
