//! The schedule's event.

use crate::calendar::parse_day;
use crate::{Report, ReportError, Settings, learn, run};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use campaign::{Campaign, Campaigns, CreativeStore, Placements};
use event::QualitySource;
use lake::{LakeStore, ReportStore};
use lambda::{Failure, Invocation, Source};
use metrics::counter;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the function needs of the outside.
pub struct Deps<'d, L, R, Q, C> {
    pub lake: &'d L,
    pub reports: &'d R,
    /// Counts of what is not in the lake.
    pub counts: &'d Q,
    /// What was learned of creatives.
    pub creatives: &'d C,
    /// Those whose creatives are learned.
    pub campaigns: &'d Campaigns,
    pub placements: &'d Placements,
    pub settings: Settings,
}

/// What an invocation came to.
#[derive(Debug, Serialize)]
pub struct Built {
    #[serde(flatten)]
    pub report: Report,
    /// By creative: from how many messages more it was learned.
    pub learned: BTreeMap<String, u64>,
}

/// Builds the report that the schedule's event of an invocation asks for, learns what came of creatives, and answers with
/// the numbers of both. `now` is UTC ms.
///
/// # Errors
/// As [`handle`], and another event.
pub async fn invoke<L: LakeStore, R: ReportStore, Q: QualitySource, C: CreativeStore>(
    deps: &Deps<'_, L, R, Q, C>,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure> {
    if invocation.source() != Source::Schedule {
        return Err(invocation.refused("a schedule's event").into());
    }
    let built = handle(deps, &invocation.read("a schedule's event")?, now).await?;
    Ok(lambda::answer(built)?)
}

/// Builds the report of the time that the schedule fired for, so that a retry writes the same version
/// again; `now` (UTC ms) where the event says none. The event's `detail` may hold `from` and `to`, the first
/// and last day to report on; creatives are learned from all days, after the report.
pub async fn handle<L: LakeStore, R: ReportStore, Q: QualitySource, C: CreativeStore>(
    deps: &Deps<'_, L, R, Q, C>,
    event: &EventBridgeEvent,
    now: i64,
) -> Result<Built, ReportError> {
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
    let learned = lesson(deps, at).await?;
    counter!("Learned").increment(learned.values().sum());
    Ok(Built { report, learned })
}

/// Learns what came of the creatives of live campaigns, and keeps it; where there are none, nothing is read or written.
async fn lesson<L: LakeStore, R, Q, C: CreativeStore>(
    deps: &Deps<'_, L, R, Q, C>,
    now: i64,
) -> Result<BTreeMap<String, u64>, ReportError> {
    let sends = deps.campaigns.iter().flat_map(Campaign::sends);
    let of_messages = sends.filter_map(|(_, message)| message.creative());
    let creatives: Vec<_> = of_messages.chain(deps.placements.learning()).collect();
    if creatives.is_empty() {
        return Ok(BTreeMap::new());
    }
    let before = deps.creatives.load().await?;
    let learned = learn(deps.lake, &creatives, &before, now).await?;
    deps.creatives.save(&learned.creatives).await?;
    Ok(learned.messages)
}
