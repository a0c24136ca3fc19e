//! Objects that arrived in a bucket.

use crate::again::handle_replay;
use crate::feedback::handle_notice;
use crate::queue::handle_queue;
use crate::shape::is_of_records;
use crate::{Format, ImportError, Mappings, Rows, Totals, run};
use aws_lambda_events::s3::S3Event;
use event::{EventBus, ObjectSource, Parser, Quarantine, QuarantineStore, Vault};
use lambda::{Failure, Invocation, Source};
use metrics::counter;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What imports work with.
pub struct Deps<'d, B, V, Q, O> {
    pub bus: &'d B,
    pub vault: &'d V,
    pub quarantine: &'d Q,
    pub objects: &'d O,
    pub parser: &'d Parser,
    pub mappings: &'d Mappings,
}

const TAKES: &str =
    "an S3 notification, messages of an SQS queue, what SES tells of messages, or a request to replay";

/// Takes in what an invocation brings: objects of a notification, messages of the inbox queue, what SES tells of
/// messages by EventBridge, or, asked for by direct invocation, records of the quarantine (`refused`) that are put in again. `now` is UTC ms.
///
/// # Errors
/// As [`handle`] and [`handle_replay`], and an event that is none of them.
pub async fn invoke<B: EventBus, V: Vault, Q: Quarantine, O: ObjectSource>(
    deps: &Deps<'_, B, V, Q, O>,
    refused: &impl QuarantineStore,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure> {
    match invocation.source() {
        Source::S3 => {
            let totals = handle(deps, &invocation.read("an S3 notification")?, now).await?;
            Ok(json!({"accepted": totals.accepted, "rejected": totals.rejected}))
        }
        Source::Sqs => {
            let event = invocation.read("messages of an SQS queue")?;
            Ok(lambda::answer(handle_queue(deps, &event, now).await)?)
        }
        Source::Other => Ok(handle_replay(deps, refused, &invocation.read("a request to replay")?).await?),
        Source::Schedule => {
            let event: Box<RawValue> = invocation.read("an event of EventBridge")?;
            let taken = handle_notice(deps, event.get(), now).await?;
            taken.ok_or_else(|| invocation.refused(TAKES).into())
        }
        _ => Err(invocation.refused(TAKES).into()),
    }
}

/// Imports every object that a notification names. One that fails stops none of the others; the error is the
/// first one's, and has the invocation repeated. `now` is UTC ms.
pub async fn handle<B: EventBus, V: Vault, Q: Quarantine, O: ObjectSource>(
    deps: &Deps<'_, B, V, Q, O>,
    event: &S3Event,
    now: i64,
) -> Result<Totals, ImportError> {
    let mut totals = Totals::default();
    let mut failed = None;
    for record in &event.records {
        let bucket = record.s3.bucket.name.as_deref().unwrap_or_default();
        let key = decode_key(record.s3.object.key.as_deref().unwrap_or_default());
        match import(deps, bucket, &key, now).await {
            Ok(imported) => {
                totals.accepted += imported.accepted;
                totals.rejected += imported.rejected;
            }
            Err(error) if failed.is_none() => failed = Some(error),
            Err(error) => tracing::error!(%error, "another object could not be imported"),
        }
    }
    counter!("EventsAccepted").increment(totals.accepted);
    counter!("RecordsRefused").increment(totals.rejected);
    failed.map_or(Ok(totals), Err)
}

async fn import<B: EventBus, V: Vault, Q: Quarantine, O: ObjectSource>(
    deps: &Deps<'_, B, V, Q, O>,
    bucket: &str,
    key: &str,
    now: i64,
) -> Result<Totals, ImportError> {
    let address = format!("s3://{bucket}/{key}");
    let mapping = deps.mappings.of(key);
    // Told before anything is read: what is missing is in the configuration.
    if mapping.is_none() && !is_of_records(key) {
        return Err(ImportError::NeedsMapping { name: address });
    }
    let stream =
        deps.objects.open(bucket, key).await.map_err(|error| ImportError::reading(&address, &error))?;
    let rows = Rows::of_stream(&address, stream, mapping)?;
    run(deps, Format::of(mapping), &address, rows, now).await
}

/// An object key as notifications write it: form-encoded.
fn decode_key(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|digit| (*digit as char).to_digit(16));
        rest = match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                &after[2..]
            }
            (b'+', ..) => {
                bytes.push(b' ');
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::decode_key;

    #[test]
    fn keys_are_form_encoded() {
        assert_eq!(decode_key("in/Happy%20Face+1%2B1.ndjson"), "in/Happy Face 1+1.ndjson");
        assert_eq!(decode_key("%E5%BC%A0.csv"), "张.csv");
        assert_eq!(decode_key("100%"), "100%");
        assert_eq!(decode_key("%zz%4"), "%zz%4");
        assert_eq!(decode_key("%ff"), "%ff");
    }
}
