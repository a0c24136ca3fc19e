//! Records that partners and other systems put into the inbox queue.

use crate::Deps;
use crate::object::store;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use event::{Arrival, Came, EventBus, Parsed, Parser, Quarantine, Quarantined, Rejection, Vault};
use lambda::Batch;
use metrics::counter;

/// Takes in the messages of the inbox queue: each body is one JSON record, or a batch of them. A record that
/// is refused goes to quarantine; where a store is not available, all messages are delivered again. A message
/// is received when it was put into the queue, so a redelivery gives the same event. `now` is UTC ms.
pub async fn handle_queue<B: EventBus, V: Vault, Q: Quarantine, O>(
    deps: &Deps<'_, B, V, Q, O>,
    event: &SqsEvent,
    now: i64,
) -> SqsBatchResponse {
    let (mut events, mut secrets, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    let mut withheld = 0;
    for message in &event.records {
        let body = message.body.as_deref().unwrap_or_default();
        let queue = message.event_source_arn.as_deref().unwrap_or_default();
        let queue = queue.rsplit(':').next().unwrap_or_default();
        let sent = message.attributes.get("SentTimestamp").and_then(|at| at.parse().ok());
        let arrival = Arrival::Live { now: sent.unwrap_or(now) };
        for record in parse(deps.parser, body, queue, arrival) {
            match record {
                Ok(Parsed { event, secrets: taken }) => {
                    events.push(event);
                    secrets.extend(taken);
                }
                Err((rejection, _)) if !rejection.code.is_kept() => withheld += 1,
                Err((rejection, original)) => {
                    let id = message.message_id.as_deref().unwrap_or_default();
                    let kept = original.len().min(Parser::MAX_BYTES);
                    let original = original.as_bytes()[..kept].to_vec();
                    rejected.push(Quarantined {
                        at: now,
                        source: format!("{queue}:{id}"),
                        rejection,
                        original,
                        came: Came::default(),
                    });
                }
            }
        }
    }
    let failed: Vec<&str> = match store(deps, &events, &secrets, &rejected).await {
        Ok(()) => {
            counter!("EventsAccepted").increment(events.len() as u64);
            counter!("RecordsRefused").increment(rejected.len() as u64 + withheld);
            Vec::new()
        }
        Err(error) => {
            tracing::warn!(messages = event.records.len(), %error, "messages failed and are delivered again");
            lambda::messages(event).map(|(id, _)| id).collect()
        }
    };
    SqsEvent::response(&failed)
}

type Record<'a> = Result<Parsed<'a>, (Rejection, &'a str)>;

fn parse<'a>(parser: &Parser, body: &'a str, source: &'a str, arrival: Arrival) -> Vec<Record<'a>> {
    match parser.parse_batch(body.as_bytes(), source, arrival) {
        Ok(records) => records,
        // An object without a batch is a record of its own.
        Err(rejection) if rejection.field == "batch" && body.len() <= Parser::MAX_BYTES => {
            vec![parser.parse(body.as_bytes(), source, arrival).map_err(|rejection| (rejection, body))]
        }
        Err(rejection) => vec![Err((rejection, body))],
    }
}
