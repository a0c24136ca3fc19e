//! The decisions of a backtest, counted.

use campaign::{LedgerEntry, LedgerState, Reason};
use event::{DAY, Key};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What one campaign would have come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Messages that were decided on.
    pub decided: u64,
    pub sent: u64,
    /// People whom any of them was for.
    pub people: u64,
    /// People who would have been sent one at least.
    pub reached: u64,
    /// Messages that wait for the end of quiet hours still.
    pub held: u64,
    /// Those not sent, by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Those sent, by step and by channel.
    pub steps: BTreeMap<String, u64>,
    pub channels: BTreeMap<String, u64>,
    /// Of the people reached, how many other campaigns reached too.
    pub overlap: BTreeMap<String, u64>,
    /// How many of them were sent something of another campaign within a day before or after.
    pub within_a_day: u64,
}

/// Two versions of a campaign over the same history, by person, journey and step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Messages that both send.
    pub both: u64,
    /// Those that the one sends and the other does not.
    pub only_before: u64,
    pub only_after: u64,
}

impl Summary {
    /// Counts the decisions on a campaign's messages from `since` on, UTC ms; the decisions are those of all campaigns.
    pub fn of(decisions: &[LedgerEntry], campaign: &str, since: i64) -> Summary {
        let mut summary = Summary::default();
        let (mut people, mut reached) = (BTreeSet::new(), BTreeMap::<Key, Vec<i64>>::new());
        for entry in own(decisions, campaign, since) {
            summary.decided += 1;
            people.insert(entry.person);
            match entry.state {
                LedgerState::Sent => {
                    summary.sent += 1;
                    *summary.steps.entry(entry.step.clone()).or_default() += 1;
                    *summary.channels.entry(entry.channel.clone()).or_default() += 1;
                    reached.entry(entry.person).or_default().push(entry.at);
                }
                LedgerState::Refused => {
                    *summary.refused.entry(entry.reason.map_or("", Reason::as_str)).or_default() += 1;
                }
                LedgerState::Held => summary.held += 1,
                LedgerState::Claimed | LedgerState::Unknown => {}
            }
        }
        let mut others: BTreeMap<&str, BTreeSet<Key>> = BTreeMap::new();
        let mut crowded = BTreeSet::new();
        for entry in decisions {
            let is_other =
                entry.campaign != campaign && entry.state == LedgerState::Sent && entry.at >= since;
            let Some(times) = reached.get(&entry.person).filter(|_| is_other) else { continue };
            others.entry(&entry.campaign).or_default().insert(entry.person);
            if times.iter().any(|at| at.abs_diff(entry.at) < DAY as u64) {
                crowded.insert(entry.person);
            }
        }
        summary.overlap =
            others.into_iter().map(|(name, people)| (name.to_owned(), people.len() as u64)).collect();
        summary.within_a_day = crowded.len() as u64;
        (summary.people, summary.reached) = (people.len() as u64, reached.len() as u64);
        summary
    }
}

impl Compared {
    /// Compares what is sent from `since` on. An action's id is the same for the same step of the same journey in whichever
    /// version.
    pub fn of(before: &[LedgerEntry], after: &[LedgerEntry], campaign: &str, since: i64) -> Compared {
        let sent = |decisions: &[LedgerEntry]| -> BTreeSet<Key> {
            let sent = own(decisions, campaign, since).filter(|entry| entry.state == LedgerState::Sent);
            sent.map(|entry| entry.action).collect()
        };
        let (before, after) = (sent(before), sent(after));
        Compared {
            both: before.intersection(&after).count() as u64,
            only_before: before.difference(&after).count() as u64,
            only_after: after.difference(&before).count() as u64,
        }
    }
}

/// The decisions on one campaign's messages from a time on, UTC ms.
pub fn own<'d>(
    decisions: &'d [LedgerEntry],
    campaign: &str,
    since: i64,
) -> impl Iterator<Item = &'d LedgerEntry> {
    decisions.iter().filter(move |entry| entry.campaign == campaign && entry.at >= since)
}
