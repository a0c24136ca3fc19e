//! Decode, work, answer.

use crate::{Batch, Record};
use event::{Came, Code, Event, PortError, Quarantine, Quarantined, Rejection, decode_envelope};

/// Works on the events of a batch of bus envelopes, in their order, and answers with the records to deliver
/// again: all that could be decoded where `work` failed, none where it succeeded. Records that can't be
/// decoded go to the quarantine instead. `now` is UTC ms.
///
/// `work` is not called for a batch without events.
pub async fn consume<B: Batch, Q: Quarantine>(
    batch: &B,
    quarantine: &Q,
    now: i64,
    work: impl AsyncFnOnce(&[Event<'_>]) -> Result<(), PortError>,
) -> B::Response {
    let records = batch.records();
    let mut events = Vec::new();
    let (mut sound, mut poison, mut quarantined) = (Vec::new(), Vec::new(), Vec::new());
    for record in &records {
        match decode(record) {
            Ok(decoded) => {
                sound.push(record.id);
                events.extend(decoded);
            }
            Err(rejection) => {
                poison.push(record.id);
                quarantined.push(sealed(record, rejection, now));
            }
        }
    }
    let mut failed = Vec::new();
    if !quarantined.is_empty()
        && let Err(error) = quarantine.put(&quarantined).await
    {
        let records = poison.len();
        tracing::warn!(records, %error, "damaged records could not be quarantined and are delivered again");
        failed.extend(poison);
    }
    // Whatever the error, the records are not to blame: they are delivered again.
    if !events.is_empty()
        && let Err(error) = work(&events).await
    {
        tracing::warn!(records = sound.len(), %error, "records failed and are delivered again");
        failed.extend(sound);
    }
    B::response(&failed)
}

fn decode<'r>(record: &'r Record<'_>) -> Result<Vec<Event<'r>>, Rejection> {
    let damaged = |reason| Rejection::new(Code::InvalidEnvelope, "", reason);
    let payload = record.payload.as_ref().map_err(|_| damaged("the body is not base64"))?;
    decode_envelope(payload).map_err(|_| damaged("the envelope is damaged, or of a later release"))
}

fn sealed(record: &Record<'_>, rejection: Rejection, now: i64) -> Quarantined {
    let original = match &record.payload {
        Ok(payload) => payload.to_vec(),
        Err(body) => body.as_bytes().to_vec(),
    };
    let name = record.source.rsplit(':').next().unwrap_or_default();
    Quarantined {
        at: now,
        source: format!("{name}:{}", record.id),
        rejection,
        original,
        came: Came::default(),
    }
}
