//! Whatever merges happen when, a person who was several has the caps of one, and all that was sent to any counts.

use campaign::{Cap, Caps, Claim, Claimed, Ledger, LedgerEntry, LedgerState, Reason, Sends, SendsStore};
use embedded::{Sealer, Store};
use event::Key;
use pollster::block_on;
use proptest::prelude::*;
use std::collections::BTreeMap;

const PEOPLE: u8 = 5;
const PER_DAY: u32 = 2;

#[derive(Debug, Clone)]
enum Step {
    /// A message to somebody on a day, by any of their names that a message may be on its way under.
    Claim { person: u8, day: i32 },
    /// The first of two turns out to be the second.
    Merge { merged: u8, into: u8 },
    /// A message, by its number among those claimed, was not sent after all.
    Fail(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let person = 0..PEOPLE;
    let step = prop_oneof![
        5 => (person.clone(), 0..2).prop_map(|(person, day)| Step::Claim { person, day }),
        2 => (person.clone(), person).prop_map(|(merged, into)| Step::Merge { merged, into }),
        1 => any::<prop::sample::Index>().prop_map(|index| Step::Fail(index.index(64))),
    ];
    prop::collection::vec(step, 1..60)
}

/// Who is who, and what was sent: by the person that somebody turned out to be.
struct Model {
    is: Vec<u8>,
    /// Names of people to whom nothing was sent before they were merged: nothing is on its way under them.
    unused: Vec<bool>,
    /// By action: person and day.
    sent: BTreeMap<usize, (u8, i32)>,
}

impl Model {
    fn name(&self, person: u8) -> u8 {
        if self.unused[usize::from(person)] { self.is[usize::from(person)] } else { person }
    }

    fn merge(&mut self, from: u8, to: u8) {
        let was_sent = (0..2).any(|day| self.sent_on(from, day) > 0);
        for (is, unused) in self.is.iter_mut().zip(&mut self.unused).filter(|(is, _)| **is == from) {
            *is = to;
            *unused |= !was_sent;
        }
    }

    fn sent_on(&self, person: u8, day: i32) -> u32 {
        let own =
            |(of, on): &&(u8, i32)| self.is[usize::from(*of)] == self.is[usize::from(person)] && *on == day;
        self.sent.values().filter(own).count() as u32
    }
}

fn key(n: u8) -> Key {
    Key([n + 1; 16])
}

fn entry(action: usize, person: u8, day: i32) -> LedgerEntry {
    let mut id = [9; 16];
    id[..8].copy_from_slice(&(action as u64 + 1).to_be_bytes());
    LedgerEntry {
        action: Key(id),
        person: key(person),
        campaign: "spring".to_owned(),
        step: "mail".to_owned(),
        channel: "email".to_owned(),
        state: LedgerState::Claimed,
        reason: None,
        at: 1_000 + action as i64,
        due_at: 0,
        capped_on: Some(day),
        receipt: String::new(),
        detail: String::new(),
        creative: Box::default(),
    }
}

proptest! {
    #[test]
    fn who_was_several_has_the_caps_of_one(steps in steps()) {
        let store = Store::in_memory(Sealer::new(&[7; 32])).unwrap();
        let channel = Cap { per_day: Some(PER_DAY), ..Cap::default() };
        let caps = Caps { channel, ..Caps::default() };
        let unused = vec![false; usize::from(PEOPLE)];
        let mut model = Model { is: (0..PEOPLE).collect(), unused, sent: BTreeMap::new() };
        let mut claimed: Vec<LedgerEntry> = Vec::new();
        for (action, step) in steps.into_iter().enumerate() {
            match step {
                Step::Claim { person, day } => {
                    let entry = entry(action, model.name(person), day);
                    let claim = Claim { entry: entry.clone(), caps: caps.clone() };
                    let answer = block_on(store.claim(&[claim])).unwrap().remove(0);
                    if model.sent_on(person, day) < PER_DAY {
                        prop_assert_eq!(answer, Claimed::Yes);
                        model.sent.insert(action, (person, day));
                        claimed.push(entry);
                    } else {
                        prop_assert_eq!(answer, Claimed::OverCap(Reason::CapDay));
                    }
                }
                Step::Merge { merged, into } => {
                    let (from, to) = (model.is[usize::from(merged)], model.is[usize::from(into)]);
                    if from == to {
                        continue;
                    }
                    // Heard of twice, as the change stream may bring it.
                    block_on(store.join_sends(&[(key(from), key(to)); 2])).unwrap();
                    model.merge(from, to);
                }
                Step::Fail(number) => {
                    let Some(entry) = claimed.get(number) else { continue };
                    let failed = LedgerEntry {
                        state: LedgerState::Refused,
                        reason: Some(Reason::ChannelError),
                        ..entry.clone()
                    };
                    block_on(store.settle(&[failed])).unwrap();
                    let action = u64::from_be_bytes(entry.action.0[..8].try_into().unwrap()) as usize - 1;
                    model.sent.remove(&action);
                }
            }
        }
        for person in 0..PEOPLE {
            let sends: Sends = block_on(store.sends(key(model.name(person)))).unwrap();
            for day in 0..2 {
                prop_assert_eq!(sends.on_days(|_| true, day, day), model.sent_on(person, day));
            }
        }
    }
}

#[test]
fn who_is_apart_again_keeps_what_was_sent_to_both() {
    let store = Store::in_memory(Sealer::new(&[7; 32])).unwrap();
    let caps = Caps { channel: Cap { per_day: Some(3), ..Cap::default() }, ..Caps::default() };
    let claim = |action: usize, person: u8| {
        let claim = Claim { entry: entry(action, person, 0), caps: caps.clone() };
        block_on(store.claim(&[claim])).unwrap().remove(0)
    };
    let count = |person: u8| block_on(store.sends(key(person))).unwrap().on_days(|_| true, 0, 0);
    assert_eq!([claim(0, 0), claim(1, 1)], [Claimed::Yes, Claimed::Yes]);
    block_on(store.join_sends(&[(key(0), key(1))])).unwrap();
    // One of them goes by a name from now on that nobody knew.
    store.part_sends(key(1), &[key(1), key(0), key(2)]).unwrap();
    assert_eq!([count(0), count(1), count(2)], [2, 2, 2], "neither is sent too much");
    assert_eq!(claim(2, 0), Claimed::Yes);
    assert_eq!([count(0), count(1)], [3, 2], "and from now on each counts alone");
    assert_eq!([claim(3, 0), claim(4, 1)], [Claimed::OverCap(Reason::CapDay), Claimed::Yes]);
}
