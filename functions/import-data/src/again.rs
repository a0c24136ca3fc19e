//! Refused records put in again, as asked by direct invocation.

use crate::object::store;
use crate::{Deps, Mappings, Replay};
use event::{
    Code, EventBus, Mapping, Parsed, PortError, Quarantine, QuarantineStore, Quarantined, Vault, parse_time,
};
use metrics::counter;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many records one invocation takes up at most; the answer says how many are left.
const MOST: usize = 10_000;
/// How many go in at once.
const BATCH: usize = 256;

/// What is asked for: `{"replay": {"code": "invalid_row", "mapping": "orders"}}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    replay: Wanted,
}

/// Which records, and how they are read. At least one of the first five is to be named.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    ids: Vec<String>,
    /// Refused for this.
    code: Option<String>,
    /// Of this source: a write key's name, a queue's, a file's, or `file:line`.
    source: Option<String>,
    /// Refused at this time (ISO 8601) or later.
    since: Option<String>,
    all: bool,
    /// Read through the mapping of this name.
    mapping: Option<String>,
    /// Says what would come of it, and changes nothing.
    dry_run: bool,
}

/// Why nothing was put in again. What went in before stays in.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error("{0}")]
    Request(String),
}

/// Reads refused records again: those that are no longer refused go in as they would have the first time, message ids
/// included, and leave the quarantine once they are on the bus. After a crash between the two they go in a second time,
/// under the same message ids, by which they are dropped. What may no longer be kept goes.
///
/// # Errors
/// A request that names no records, or names what there is not; stores that are not available.
pub async fn handle_replay<B: EventBus, V: Vault, Q: Quarantine, O>(
    deps: &Deps<'_, B, V, Q, O>,
    refused: &impl QuarantineStore,
    request: &ReplayRequest,
) -> Result<Value, ReplayError> {
    let wanted = &request.replay;
    let filter = Filter::of(wanted)?;
    let mapping = mapping(deps.mappings, wanted)?;
    let mut ids = Vec::new();
    let mut left = 0;
    refused
        .each(|id, record| match filter.holds(id, &record) {
            true if ids.len() < MOST => ids.push(id.to_owned()),
            true => left += 1,
            false => {}
        })
        .await?;
    let mut told = Told::default();
    for ids in ids.chunks(BATCH) {
        batch(deps, refused, ids, mapping, wanted.dry_run, &mut told).await?;
    }
    counter!("RecordsReplayed").increment(told.taken);
    Ok(json!({
        "dry_run": wanted.dry_run,
        "taken": told.taken,
        "refused": told.reasons.values().sum::<u64>(),
        "reasons": told.reasons,
        "left": left,
    }))
}

/// What came of it.
#[derive(Default)]
struct Told {
    taken: u64,
    /// By the code of now.
    reasons: BTreeMap<&'static str, u64>,
}

async fn batch<B: EventBus, V: Vault, Q: Quarantine, O>(
    deps: &Deps<'_, B, V, Q, O>,
    refused: &impl QuarantineStore,
    ids: &[String],
    mapping: Option<&Mapping>,
    dry_run: bool,
    told: &mut Told,
) -> Result<(), PortError> {
    let (mut replays, mut gone) = (Vec::new(), Vec::new());
    for id in ids {
        let Some(record) = refused.find(id).await? else { continue };
        match Replay::of(&record, mapping) {
            Ok(replay) => replays.push((id, replay)),
            Err(rejection) => *told.reasons.entry(rejection.code.as_str()).or_default() += 1,
        }
    }
    let (mut events, mut secrets) = (Vec::new(), Vec::new());
    for (id, replay) in &replays {
        match replay.parse(deps.parser) {
            Ok(records) => {
                for Parsed { event, secrets: taken } in records {
                    events.push(event);
                    secrets.extend(taken);
                }
                told.taken += 1;
                gone.push((*id).clone());
            }
            Err(rejection) => {
                *told.reasons.entry(rejection.code.as_str()).or_default() += 1;
                if !rejection.code.is_kept() {
                    gone.push((*id).clone());
                }
            }
        }
    }
    if dry_run {
        return Ok(());
    }
    store(deps, &events, &secrets, &[]).await?;
    refused.remove(&gone).await
}

/// Which records are wanted.
struct Filter<'w> {
    wanted: &'w Wanted,
    code: Option<Code>,
    since: Option<i64>,
}

impl Filter<'_> {
    fn of(wanted: &Wanted) -> Result<Filter<'_>, ReplayError> {
        let Wanted { ids, code, source, since, all, .. } = wanted;
        if ids.is_empty() && code.is_none() && source.is_none() && since.is_none() && !all {
            let reason = "say which records: \"ids\", \"code\", \"source\", \"since\", or \"all\": true";
            return Err(ReplayError::Request(reason.to_owned()));
        }
        let unknown = |what: &str| ReplayError::Request(format!("`{what}` is not understood; correct it"));
        Ok(Filter {
            wanted,
            code: code.as_ref().map(|code| Code::parse(code).ok_or_else(|| unknown("code"))).transpose()?,
            since: since.as_ref().map(|at| parse_time(at).ok_or_else(|| unknown("since"))).transpose()?,
        })
    }

    fn holds(&self, id: &str, record: &Quarantined) -> bool {
        let Wanted { ids, source, .. } = self.wanted;
        (ids.is_empty() || ids.iter().any(|wanted| wanted == id))
            && self.code.is_none_or(|code| record.rejection.code == code)
            && self.since.is_none_or(|since| record.at >= since)
            && source.as_deref().is_none_or(|named| is_of(&record.source, named))
    }
}

/// Whether a record's source is the one named, or a line or message of it.
fn is_of(source: &str, named: &str) -> bool {
    source == named || source.rsplit_once(':').is_some_and(|(name, _)| name == named)
}

fn mapping<'m>(mappings: &'m Mappings, wanted: &Wanted) -> Result<Option<&'m Mapping>, ReplayError> {
    let Some(name) = &wanted.mapping else { return Ok(None) };
    let reason = || ReplayError::Request(format!("the configuration has no mapping `{name}`"));
    mappings.named(name).map(Some).ok_or_else(reason)
}
