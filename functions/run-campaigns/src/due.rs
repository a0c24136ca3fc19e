//! What of a campaign is due.

use crate::progress::Progress;
use campaign::{Campaign, Span, Trigger};
use event::{DAY, MINUTE};

/// What is to be begun next, if anything is due at `now` (UTC ms).
///
/// A schedule in a zone of its own has times that are the same for all; each is an occurrence of its own, and due once
/// it has come. All else is looked for a day ahead, since it is another time for each person; and a day back, since
/// somebody may have come in, or told a date, after they were looked at. Who is found twice begins once.
pub(crate) fn due(campaign: &Campaign, progress: &Progress, now: i64) -> Option<Span> {
    let oldest = now.saturating_sub(campaign.entry.max_age).max(campaign.starts.unwrap_or(i64::MIN));
    let ends = campaign.ends.unwrap_or(i64::MAX);
    match &campaign.entry.trigger {
        Trigger::Event(_) | Trigger::Segment(_) => None,
        Trigger::Schedule(schedule) if schedule.zone().is_some() => {
            // The campaign may have looked ahead before its file was changed.
            let until = if progress.until > now + 1 { now } else { progress.until };
            let at = schedule.next(until.max(oldest) - 1)?;
            (at <= now && at < ends).then_some(Span::At(at))
        }
        Trigger::Schedule(_) | Trigger::Date(_) | Trigger::Inactive(_) => {
            if progress.until > now {
                return None;
            }
            let from = (progress.until - DAY).max(progress.since).max(oldest);
            // By whole minutes, as timers are: what is looked at next does not depend on the second of this look.
            let until = ((now + DAY).div_euclid(MINUTE) * MINUTE).min(ends);
            (from < until).then_some(Span::Within { from, until })
        }
    }
}

/// When the campaign is looked at first, what it begins with.
pub(crate) fn first(campaign: &Campaign, now: i64) -> Progress {
    // What was due before is not begun, unless the file says from when on it is.
    let since = campaign.starts.map_or(now, |starts| starts.min(now));
    Progress { since, until: since, sweep: None }
}

/// Where a campaign stands once a span is through. `now` is UTC ms.
pub(crate) fn after(progress: &Progress, span: Span, now: i64) -> i64 {
    match span {
        Span::At(at) => progress.until.max(at + 1),
        // A file may have been changed, or the campaign have ended: a day passes in any case.
        Span::Within { until, .. } => until.max(now + 1),
    }
}

/// When something of the campaign is due next, UTC ms: now, if it is already.
pub(crate) fn next(campaign: &Campaign, progress: &Progress, now: i64) -> Option<i64> {
    if due(campaign, progress, now).is_some() {
        return Some(now);
    }
    let from = now.max(campaign.starts.unwrap_or(i64::MIN));
    let at = match &campaign.entry.trigger {
        Trigger::Event(_) | Trigger::Segment(_) => None,
        Trigger::Schedule(schedule) if schedule.zone().is_some() => schedule.next(from),
        Trigger::Schedule(_) | Trigger::Date(_) | Trigger::Inactive(_) => {
            Some(progress.until.max(campaign.starts.map_or(i64::MIN, |starts| starts - DAY)))
                .filter(|at| *at > now)
        }
    };
    at.filter(|at| campaign.ends.is_none_or(|ends| *at < ends))
}
