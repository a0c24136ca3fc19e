//! When a record happened and was received.

use crate::event::TimeMark;
use crate::raw::{RawEvent, Text};
use crate::time::{MAX_FUTURE_MS, parse_time};

/// How records reach us, which decides what "received" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Over the network, at this moment (UTC ms): the receive time, against which the sender's clock is
    /// corrected.
    Live { now: i64 },
    /// From a file or a log read at this moment (UTC ms). A record's receive time is its own
    /// `receivedAt`, else its `sentAt`, else its `timestamp`; a record with none is received now.
    Recorded { now: i64 },
}

/// Receive time, event time, and what had to be done to it.
///
/// A client's clock is corrected as the Segment spec has it:
/// `timestamp = receivedAt − (sentAt − originalTimestamp)`. A record that carries all of `receivedAt`,
/// `originalTimestamp` and `timestamp` was corrected by whoever received it.
pub(crate) fn times(raw: &RawEvent<'_>, batch_sent_at: &Text<'_>, arrival: Arrival) -> (i64, i64, TimeMark) {
    let read = |text: &Text<'_>| text.as_deref().and_then(parse_time);
    let sent = read(&raw.sent_at).or_else(|| read(batch_sent_at));
    let stamp = read(&raw.timestamp);
    let original = read(&raw.original_timestamp);
    let (received, corrected) = match arrival {
        Arrival::Live { now } => (now, false),
        Arrival::Recorded { now } => {
            let given = read(&raw.received_at);
            let corrected = given.is_some() && original.is_some() && stamp.is_some();
            let received = given.or(sent).or(stamp).or(original).unwrap_or(now);
            (if received > now.saturating_add(MAX_FUTURE_MS) { now } else { received }, corrected)
        }
    };
    let happened = if corrected {
        stamp
    } else {
        let original = original.or(stamp);
        match (original, sent) {
            (Some(original), Some(sent)) => Some(received.saturating_sub(sent.saturating_sub(original))),
            (original, _) => original,
        }
    };
    match happened {
        None => (received, received, TimeMark::Missing),
        Some(at) if at > received.saturating_add(MAX_FUTURE_MS) => (received, received, TimeMark::Future),
        Some(at) => (received, at, TimeMark::Given),
    }
}

/// What tells a live record without any time of its own from an equal one: the moment it came.
pub(crate) fn moment(raw: &RawEvent<'_>, arrival: Arrival) -> i64 {
    let timed = [&raw.timestamp, &raw.original_timestamp].iter().any(|text| text.as_deref().is_some());
    match arrival {
        Arrival::Live { now } if !timed => now,
        _ => 0,
    }
}
