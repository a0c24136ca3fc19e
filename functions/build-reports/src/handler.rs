//! The schedule's event.

use crate::calendar::parse_day;
use crate::{Report, ReportError, Settings, run};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use event::QualitySource;
use lake::{LakeStore, ReportStore};
use lambda::{Failure, Invocation, Source};
use metrics::counter;
use serde_json::Value;

/// What the function needs of the outside.
pub struct Deps<'d, L, R, Q> {
    pub lake: &'d L,
    pub reports: &'d R,
    /// Counts of what is not in the lake.
    pub counts: &'d Q,
    pub settings: Settings,
}

/// Builds the report that the schedule's event of an invocation asks for, and answers with its numbers. `now` is
/// UTC ms.
///
/// # Errors
/// As [`handle`], and another event.
pub async fn invoke<L: LakeStore, R: ReportStore, Q: QualitySource>(
    deps: &Deps<'_, L, R, Q>,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure> {
    if invocation.source() != Source::Schedule {
        return Err(invocation.refused("a schedule's event").into());
    }
    let report = handle(deps, &invocation.read("a schedule's event")?, now).await?;
    Ok(lambda::answer(report)?)
}

/// Builds the report of the time that the schedule fired for, so that a retry writes the same version
/// again; `now` (UTC ms) where the event says none. The event's `detail` may hold `from` and `to`, the first
/// and last day to report on.
pub async fn handle<L: LakeStore, R: ReportStore, Q: QualitySource>(
    deps: &Deps<'_, L, R, Q>,
    event: &EventBridgeEvent,
    now: i64,
) -> Result<Report, ReportError> {
    let at = event.time.map_or(now, |time| time.timestamp_millis());
    let mut settings = deps.settings.clone();
    for (name, day) in [("from", &mut settings.from), ("to", &mut settings.to)] {
        let value = &event.detail[name];
        if !value.is_null() {
            let parsed = value.as_str().and_then(parse_day);
            *day = Some(parsed.ok_or_else(|| {
                ReportError::Invalid(format!("detail.{name} is {value}; write a day, like \"2026-11-22\""))
            })?);
        }
    }
    if let (Some(from), Some(to)) = (settings.from, settings.to)
        && from > to
    {
        return Err(ReportError::Invalid("detail.from is after detail.to; swap them".into()));
    }
    let report = run(deps.lake, deps.reports, deps.counts, at, &settings).await?;
    counter!("Rows").increment(report.quality.rows);
    Ok(report)
}
