//! Entries that go out in batches, of which a part may fail.

use crate::back_off::back_off;
use event::PortError;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::VecDeque;

/// How many calls are under way at once.
const CALLS: usize = 8;
/// How often one entry is sent at most, beside what the SDK repeats by itself.
const ATTEMPTS: u32 = 10;

/// What a service takes.
pub(crate) struct Limits {
    /// Entries in one call.
    pub entries: usize,
    /// Bytes in one call.
    pub bytes: usize,
    /// Bytes in one entry.
    pub entry: usize,
}

/// A stream, topic or queue that takes entries in batches.
pub(crate) trait Batches {
    type Entry: Clone + Send + Sync;
    /// Its name in errors.
    const WHAT: &'static str;
    const LIMITS: Limits;

    /// Bytes of an entry as the service counts them.
    fn size(entry: &Self::Entry) -> usize;

    /// Sends entries by one call, and tells which were not taken.
    fn send(&self, entries: Vec<Self::Entry>)
    -> impl Future<Output = Result<Vec<Refused>, PortError>> + Send;
}

/// An entry that the service did not take.
pub(crate) struct Refused {
    /// Its place in the call.
    pub index: usize,
    /// Whether another attempt may get it through.
    pub passing: bool,
    /// The service's code.
    pub reason: String,
}

/// The entries of a call that are not among those `through`. Entries go by their place, written as a decimal
/// number; a failed one is id, code, and whether the service calls it the sender's fault.
pub(crate) fn refused<'a>(
    sent: usize,
    through: impl Iterator<Item = &'a str>,
    failed: impl Iterator<Item = (&'a str, &'a str, bool)>,
) -> Vec<Refused> {
    let mut reasons: Vec<Option<(&str, bool)>> = vec![Some(("NoAnswer", true)); sent];
    for (id, code, by_sender) in failed {
        // A sender that is too quick is at fault, and may well come again.
        let passing = !by_sender || code.contains("Throttl");
        if let Some(reason) = id.parse::<usize>().ok().and_then(|index| reasons.get_mut(index)) {
            *reason = Some((code, passing));
        }
    }
    for id in through {
        if let Some(reason) = id.parse::<usize>().ok().and_then(|index| reasons.get_mut(index)) {
            *reason = None;
        }
    }
    let refused = |(index, reason): (usize, Option<(&str, bool)>)| {
        reason.map(|(code, passing)| Refused { index, passing, reason: code.to_owned() })
    };
    reasons.into_iter().enumerate().filter_map(refused).collect()
}

/// Entries that have to arrive in their order.
struct Sequence<E> {
    left: VecDeque<E>,
    /// How often the first of them was refused.
    refused: u32,
}

/// Sends all. An entry goes out only when those before it in its sequence are through, so that no call holds two of
/// one sequence.
///
/// # Errors
/// `Failed` for an entry that is too large, before anything is sent, or that the service will not take;
/// `Unavailable` where one was refused again and again. Others may be through by then.
pub(crate) async fn send_all<B: Batches>(
    to: &B,
    sequences: impl IntoIterator<Item = Vec<B::Entry>>,
) -> Result<(), PortError> {
    let mut sequences: Vec<Sequence<B::Entry>> =
        Vec::from_iter(sequences.into_iter().map(|entries| Sequence { left: entries.into(), refused: 0 }));
    let sizes = sequences.iter().flat_map(|sequence| sequence.left.iter().map(B::size));
    if let Some(size) = sizes.max().filter(|size| *size > B::LIMITS.entry) {
        let reason = format!(
            "a message of {size} bytes is over the limit of {}: send less in one event or action",
            B::LIMITS.entry
        );
        return Err(PortError::Failed { what: B::WHAT, reason });
    }
    loop {
        sequences.retain(|sequence| !sequence.left.is_empty());
        if sequences.is_empty() {
            return Ok(());
        }
        let calls = calls::<B>(&sequences);
        let calls = calls.into_iter().map(|(first, entries)| async move {
            Ok::<_, PortError>((first, entries.len(), to.send(entries).await?))
        });
        let answers: Vec<_> = stream::iter(calls).buffer_unordered(CALLS).try_collect().await?;
        let mut most = 0;
        for (first, count, refused) in answers {
            let sent = &mut sequences[first..first + count];
            for refused in &refused {
                let Some(sequence) = sent.get_mut(refused.index) else { continue };
                sequence.refused += 1;
                most = most.max(sequence.refused);
                given_up::<B>(refused, sequence.refused)?;
            }
            for (index, sequence) in sent.iter_mut().enumerate() {
                if !refused.iter().any(|refused| refused.index == index) {
                    sequence.left.pop_front();
                    sequence.refused = 0;
                }
            }
        }
        if most > 0 {
            back_off(most - 1).await;
        }
    }
}

/// The first entry of each sequence, in as few calls as take them; each call with the place of its first sequence.
fn calls<B: Batches>(sequences: &[Sequence<B::Entry>]) -> Vec<(usize, Vec<B::Entry>)> {
    let mut calls: Vec<(usize, Vec<B::Entry>)> = Vec::new();
    let mut bytes = 0;
    for (place, entry) in sequences.iter().enumerate().filter_map(|(n, s)| Some((n, s.left.front()?))) {
        let size = B::size(entry);
        match calls.last_mut() {
            Some((_, call)) if call.len() < B::LIMITS.entries && bytes + size <= B::LIMITS.bytes => {
                call.push(entry.clone());
                bytes += size;
            }
            _ => {
                calls.push((place, vec![entry.clone()]));
                bytes = size;
            }
        }
    }
    calls
}

fn given_up<B: Batches>(refused: &Refused, attempts: u32) -> Result<(), PortError> {
    let (what, reason) = (B::WHAT, refused.reason.clone());
    match refused.passing {
        false => Err(PortError::Failed { what, reason }),
        true if attempts >= ATTEMPTS => {
            Err(PortError::Unavailable { what, reason: format!("refused {attempts} times: {reason}") })
        }
        true => Ok(()),
    }
}
