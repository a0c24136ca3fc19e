//! One stream, from its lines to the bus.

use crate::{Arena, Deps, Format, ImportError, Imported, Rows, convert};
use event::{Event, EventBus, ObjectSource, PortError, QualityCount, Quarantine, Quarantined, Secret, Vault};

/// Lines that are published together.
const LINES: usize = 4096;

/// How much an import took in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Events on the bus.
    pub accepted: u64,
    /// Lines that were refused: in quarantine, but for those that must not be kept.
    pub rejected: u64,
}

/// Imports all lines of the stream `name`. On an error all batches before it are published; importing again
/// publishes them a second time, with the same message ids.
pub async fn run<B: EventBus, V: Vault, Q: Quarantine, O: ObjectSource>(
    deps: &Deps<'_, B, V, Q, O>,
    format: Format<'_>,
    name: &str,
    mut rows: Rows,
    now: i64,
) -> Result<Totals, ImportError> {
    let mut totals = Totals::default();
    let mut arena = Arena::default();
    while let Some(batch) = rows.next_batch(LINES).map_err(|error| ImportError::reading(name, &error))? {
        let Imported { events, secrets, rejected, dropped, .. } =
            convert(deps.parser, format, name, &batch, &mut arena, now);
        store(deps, &events, &secrets, &rejected).await?;
        count(deps, &QualityCount::of_dropped(dropped.iter().copied(), name, now)).await;
        totals.accepted += events.len() as u64;
        totals.rejected += (rejected.len() + dropped.len()) as u64;
    }
    Ok(totals)
}

/// Publishes last: an event on the bus is never without its personal data in the vault.
pub(crate) async fn store<B: EventBus, V: Vault, Q: Quarantine, O>(
    deps: &Deps<'_, B, V, Q, O>,
    events: &[Event<'_>],
    secrets: &[Secret],
    rejected: &[Quarantined],
) -> Result<(), PortError> {
    if !secrets.is_empty() {
        deps.vault.put(secrets).await?;
    }
    if !rejected.is_empty() {
        deps.quarantine.put(rejected).await?;
    }
    if !events.is_empty() {
        deps.bus.publish(events).await?;
    }
    Ok(())
}

/// Counts records that must not be kept. A count that fails fails nothing: what was taken is safe.
pub(crate) async fn count<B, V, Q: Quarantine, O>(deps: &Deps<'_, B, V, Q, O>, counts: &[QualityCount]) {
    if !counts.is_empty()
        && let Err(error) = deps.quarantine.count(counts).await
    {
        tracing::warn!(%error, "records that must not be kept were dropped, but not counted");
    }
}
