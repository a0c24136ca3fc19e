//! From an invocation to people to look at.

use crate::image::{Image, damaged};
use crate::{Deps, Outcome, Start, run, run_due, run_starts};
use aws_lambda_events::dynamodb::{self, EventRecord};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use campaign::{ActionQueue, JourneyStore, SendsStore, Starts};
use event::{Came, Event, Key, Quarantine, Quarantined, Rejection, decode_envelope};
use foldhash::{HashMap, HashMapExt};
use lambda::{Failure, Invocation, Source};
use metrics::counter;
use person::{Blob, ProfileChange, ProfileStore};
use serde_json::Value;
use std::sync::Arc;

/// Takes what an invocation brings: changes of profiles, people whose timers are due, or
/// people whom run-campaigns selected. `now` is UTC ms.
///
/// # Errors
/// An event that is neither.
pub async fn invoke<J, A, P, S, Q>(
    deps: &Deps<'_, J, A, P, S>,
    quarantine: &Q,
    invocation: &Invocation,
    now: i64,
) -> Result<Value, Failure>
where
    J: JourneyStore,
    A: ActionQueue,
    P: ProfileStore,
    S: SendsStore,
    Q: Quarantine,
{
    match invocation.source() {
        Source::DynamoDb => {
            let batch = invocation.read("records of a DynamoDB stream")?;
            Ok(lambda::answer(handle_changes(deps, quarantine, now, batch).await)?)
        }
        Source::Sqs => {
            let batch = invocation.read("messages of an SQS queue")?;
            Ok(lambda::answer(handle_due(deps, now, batch).await)?)
        }
        _ => {
            let takes = "records of a DynamoDB stream, or messages of the SQS queue of due people";
            Err(invocation.refused(takes).into())
        }
    }
}

/// Takes the change stream of the profile table. What fails in passing is named by the lowest sequence number,
/// from which the shard is read again; an image that can't be read goes to the quarantine. `now` is UTC ms.
pub async fn handle_changes<J, A, P, S, Q>(
    deps: &Deps<'_, J, A, P, S>,
    quarantine: &Q,
    now: i64,
    batch: dynamodb::Event,
) -> DynamoDbEventResponse
where
    J: JourneyStore,
    A: ActionQueue,
    P: ProfileStore,
    S: SendsStore,
    Q: Quarantine,
{
    let (mut read, mut sound, mut poison, mut quarantined) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for record in &batch.records {
        match Change::read(record) {
            Ok(None) => {}
            Ok(Some(change)) => {
                read.push(change);
                sound.push(sequence_number(record));
            }
            Err(rejection) => {
                poison.push(sequence_number(record));
                quarantined.push(sealed(record, rejection, now));
            }
        }
    }
    let mut failed = Vec::new();
    if !quarantined.is_empty()
        && let Err(error) = quarantine.put(&quarantined).await
    {
        let images = poison.len();
        tracing::warn!(images, %error, "damaged images could not be quarantined and are delivered again");
        failed.extend(poison);
    }
    let changes = by_person(&read);
    if !changes.is_empty() {
        match run(deps, now, &changes).await {
            Ok(outcome) => count("Changes", changes.len(), outcome),
            Err(error) => {
                tracing::warn!(changes = sound.len(), %error, "changes failed and are delivered again");
                failed.extend(sound);
            }
        }
    }
    let mut response = DynamoDbEventResponse::default();
    // Decimal numbers: the shorter is the lower.
    if let Some(lowest) = failed.into_iter().min_by_key(|number| (number.len(), *number)) {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(lowest.to_owned());
        response.batch_item_failures.push(failure);
    }
    response
}

/// Takes the queue of people to look at. A message's body names those whose timers are due by their keys, 32 hexadecimal
/// digits each, with commas between; or it is the text of [`Starts`], by which run-campaigns has journeys begun. A message that holds anything else is worked on as far as it can be read,
/// and named in the answer, so that it ends in the queue's dead-letter queue. `now` is UTC ms.
pub async fn handle_due<J: JourneyStore, A: ActionQueue, P: ProfileStore, S: SendsStore>(
    deps: &Deps<'_, J, A, P, S>,
    now: i64,
    batch: SqsEvent,
) -> SqsBatchResponse {
    let (mut people, mut sound, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (id, body) in lambda::messages(&batch) {
        if body.starts_with('{') {
            if !begin(deps, now, id, body).await {
                failed.push(id);
            }
            continue;
        }
        let mut damaged = false;
        for key in body.split(',') {
            match Key::parse(key.trim()) {
                Some(person) => people.push(person),
                None => damaged = true,
            }
        }
        if damaged {
            tracing::warn!(
                message_id = id,
                "a message of the due queue holds something that is no person's key"
            );
        }
        if damaged { &mut failed } else { &mut sound }.push(id);
    }
    people.sort_unstable();
    people.dedup();
    if !people.is_empty() {
        match run_due(deps, now, &people).await {
            Ok(outcome) => count("DuePeople", people.len(), outcome),
            Err(error) => {
                tracing::warn!(people = people.len(), %error, "due people failed and are delivered again");
                failed.extend(sound);
            }
        }
    }
    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    response
}

/// Begins the journeys that a message asks for; whether the message is done with.
async fn begin<J: JourneyStore, A: ActionQueue, P: ProfileStore, S: SendsStore>(
    deps: &Deps<'_, J, A, P, S>,
    now: i64,
    id: &str,
    body: &str,
) -> bool {
    let Some(message) = Starts::parse(body) else {
        tracing::warn!(message_id = id, "a message of the due queue is neither people nor starts");
        return false;
    };
    let starts: Vec<Start> = Start::of(message).collect();
    match run_starts(deps, now, &starts).await {
        Ok(outcome) => count("Starts", starts.len(), outcome),
        Err(error) => {
            tracing::warn!(message_id = id, %error, "starts failed and are delivered again");
            return false;
        }
    }
    true
}

fn count(name: &'static str, visits: usize, outcome: Outcome) {
    counter!(name).increment(visits as u64);
    counter!("Actions").increment(outcome.actions);
    counter!("JourneyWrites").increment(outcome.writes);
}

/// What one record says.
struct Change<'r> {
    person: Key,
    blob: &'r [u8],
    fresh: Vec<Event<'r>>,
    merged: Vec<Key>,
}

impl<'r> Change<'r> {
    /// Reads a record; `None` for one that no campaign could want: nothing that happened, nobody merged, the
    /// person gone, an identifier that was linked.
    ///
    /// A person's own last change says into whom they were merged. Their journeys are moved by it once more: the
    /// other's change, which moves them as well, may have come before changes of theirs by another shard.
    fn read(record: &'r EventRecord) -> Result<Option<Change<'r>>, Rejection> {
        if record.event_name == "REMOVE" {
            return Ok(None);
        }
        let item = &record.change.new_image;
        if Image::is_beside_profiles(item) {
            return Ok(None);
        }
        let Image { person, profile, fresh, merged, .. } = Image::decode(item)?;
        if let Some(target) = Blob::forward_of(profile).map_err(|_| damaged("profile", "is damaged"))? {
            return Ok(Some(Change { person: target, blob: &[], fresh: Vec::new(), merged: vec![person] }));
        }
        let mut events = Vec::new();
        for envelope in fresh {
            events.extend(decode_envelope(envelope).map_err(|_| damaged("fresh", "is damaged"))?);
        }
        let wanted = !events.is_empty() || !merged.is_empty();
        Ok(wanted.then_some(Change { person, blob: profile, fresh: events, merged }))
    }
}

/// One change a person: a batch may hold several writes of one, and their journeys are written once.
fn by_person<'r>(read: &'r [Change<'r>]) -> Vec<ProfileChange<'r>> {
    let mut changes: Vec<ProfileChange<'r>> = Vec::with_capacity(read.len());
    let mut index_of: HashMap<Key, usize> = HashMap::with_capacity(read.len());
    for change in read {
        let index = *index_of.entry(change.person).or_insert_with(|| {
            changes.push(ProfileChange {
                person: change.person,
                blob: Arc::default(),
                fresh: Vec::new(),
                merged: Vec::new(),
                refuses_analytics: false,
            });
            changes.len() - 1
        });
        let whole = &mut changes[index];
        // The newest is the last: a shard keeps the order of an item's writes.
        if !change.blob.is_empty() {
            whole.blob = change.blob.into();
            whole.refuses_analytics = Blob::refuses_analytics(change.blob).unwrap_or_default();
        }
        whole.fresh.extend(&change.fresh);
        whole.merged.extend(
            change.merged.iter().filter(|merged| !whole.merged.contains(merged)).copied().collect::<Vec<_>>(),
        );
    }
    changes
}

fn sequence_number(record: &EventRecord) -> &str {
    record.change.sequence_number.as_deref().unwrap_or_default()
}

fn sealed(record: &EventRecord, rejection: Rejection, now: i64) -> Quarantined {
    // arn:aws:dynamodb:region:account:table/NAME/stream/LABEL
    let arn = record.event_source_arn.as_deref().unwrap_or_default();
    let table = arn.split('/').nth(1).unwrap_or_default();
    Quarantined {
        at: now,
        source: format!("table/{table}:{}", sequence_number(record)),
        rejection,
        original: serde_json::to_vec(record).unwrap_or_default(),
        came: Came::default(),
    }
}
