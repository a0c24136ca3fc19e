//! What came of creatives, learned from the lake.

use campaign::{Creative, Creatives};
use event::{DAY, day_of, iso_date};
use lake::{EVENTS, LakeError, LakeStore, replay};
use std::collections::BTreeMap;

/// What was learned, and how much of it is new.
#[derive(Debug)]
pub struct Learned {
    pub creatives: Creatives,
    /// By the creative's name: from how many messages it was learned this time.
    pub messages: BTreeMap<String, u64>,
}

/// Learns from everything that was shown since the last time and whose window is over at `now` (UTC ms). Of the lake it reads
/// the files of those days alone. The same lake at the same time teaches the same; what is learned already is not learned again.
///
/// # Errors
/// A lake that can't be read: then nothing is learned.
pub async fn learn<L: LakeStore>(
    lake: &L,
    creatives: &[&Creative],
    before: &Creatives,
    now: i64,
) -> Result<Learned, crate::ReportError> {
    let mut learned = before.learned().clone();
    let mut told: Vec<_> = creatives.iter().map(|creative| (*creative, Vec::new(), Vec::new())).collect();
    let since = |creative: &&Creative| learned.get(&creative.name).and_then(|bandit| bandit.learned_until());
    // From the beginning where one of them is new.
    let since: Option<i64> = creatives.iter().map(since).min().flatten();
    // What happened on a day was told then or later, but for clocks that are ahead.
    let first = since.map(|at| format!("{EVENTS}dt={}", iso_date(day_of(at - DAY)))).unwrap_or_default();
    let paths = if creatives.is_empty() { Vec::new() } else { lake.list(EVENTS).await? };
    for path in paths.into_iter().filter(|path| *path >= first) {
        let file = lake.open(&path).await?;
        let read: Result<(), LakeError> = replay(&path, file, |archived| {
            for (creative, shown, rewards) in &mut told {
                shown.extend(creative.shown(&archived.event));
                rewards.extend(creative.reward(&archived.event));
            }
        });
        read?;
    }
    let mut messages = BTreeMap::new();
    for (creative, shown, rewards) in told {
        let bandit = learned.entry(creative.name.clone()).or_default();
        messages.insert(creative.name.clone(), bandit.learn(&shown, &rewards, creative.window, now));
    }
    Ok(Learned { creatives: Creatives::new(learned), messages })
}
