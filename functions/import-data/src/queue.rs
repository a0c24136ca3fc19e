//! Records that partners and other systems put into the inbox queue.

use crate::feedback::Feedback;
use crate::object::{count, store};
use crate::{Deps, MAX_ROW};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use event::{
    Arrival, Came, Code, EventBus, Mapping, Parsed, Parser, QualityCount, Quarantine, Quarantined, Rejection,
    Vault,
};
use feedback::Notice;
use lambda::Batch;
use metrics::counter;
use serde_json::Value;

/// Takes in the messages of the inbox queue: each body is one JSON record, or a batch of them. Where there is a mapping of
/// the name that the message's attribute `mapping` says, or of the queue's, a body is a row, or a JSON array of rows.
/// A body that is what SES tells of a message becomes its event. A record that is refused goes to quarantine; where a store is not available, all messages are delivered again. A message
/// is received when it was put into the queue, so a redelivery gives the same event. `now` is UTC ms.
pub async fn handle_queue<B: EventBus, V: Vault, Q: Quarantine, O>(
    deps: &Deps<'_, B, V, Q, O>,
    event: &SqsEvent,
    now: i64,
) -> SqsBatchResponse {
    let (mut events, mut secrets, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    let mut dropped: Vec<QualityCount> = Vec::new();
    // First the rows, since events borrow from what was made of them.
    let messages: Vec<Message<'_>> =
        event.records.iter().map(|message| Message::of(message, deps, now)).collect();
    let told = messages.iter().filter(|message| message.is_notice()).map(|message| message.body);
    let Feedback { events: told, ignored } = Feedback::of(deps.parser, told, now);
    if ignored > 0 {
        tracing::debug!(ignored, "notices of other mail, or that tell nothing");
    }
    events.extend(told);
    for message in messages.iter().filter(|message| !message.is_notice()) {
        for record in message.parse(deps.parser) {
            match record {
                Ok(Parsed { event, secrets: taken }) => {
                    events.push(event);
                    secrets.extend(taken);
                }
                Err((rejection, _)) if !rejection.code.is_kept() => {
                    dropped.extend(QualityCount::of_dropped([rejection.code], message.queue, now));
                }
                Err((rejection, original)) => {
                    let kept = original.len().min(Parser::MAX_BYTES);
                    let original = original.as_bytes()[..kept].to_vec();
                    let source = message.id.clone();
                    rejected.push(Quarantined {
                        at: now,
                        source,
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
            count(deps, &dropped).await;
            counter!("EventsAccepted").increment(events.len() as u64);
            counter!("RecordsRefused").increment((rejected.len() + dropped.len()) as u64);
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

/// A message, and what a mapping made of it.
struct Message<'m> {
    body: &'m str,
    queue: &'m str,
    /// The queue and the message's id.
    id: String,
    arrival: Arrival,
    rows: Option<Vec<Row>>,
}

/// A row as it came, and the records it stands for.
struct Row {
    text: String,
    records: Result<Vec<Vec<u8>>, Rejection>,
}

impl<'m> Message<'m> {
    fn of<B, V, Q, O>(message: &'m SqsMessage, deps: &Deps<'_, B, V, Q, O>, now: i64) -> Message<'m> {
        let body = message.body.as_deref().unwrap_or_default();
        let queue = message.event_source_arn.as_deref().unwrap_or_default();
        let queue = queue.rsplit(':').next().unwrap_or_default();
        let sent = message.attributes.get("SentTimestamp").and_then(|at| at.parse().ok());
        let id = format!("{queue}:{}", message.message_id.as_deref().unwrap_or_default());
        let named = message.message_attributes.get("mapping").and_then(|given| given.string_value.as_deref());
        let mapping = named.and_then(|name| deps.mappings.named(name)).or_else(|| deps.mappings.named(queue));
        let rows = mapping.map(|mapping| rows(mapping, body, &id));
        Message { body, queue, id, arrival: Arrival::Live { now: sent.unwrap_or(now) }, rows }
    }

    /// Whether it is what a provider tells of a message that was sent, rather than a record.
    fn is_notice(&self) -> bool {
        self.rows.is_none() && Notice::is_one(self.body)
    }

    fn parse<'a>(&'a self, parser: &Parser) -> Vec<Record<'a>> {
        let Some(rows) = &self.rows else { return parse(parser, self.body, self.queue, self.arrival) };
        let mut parsed = Vec::new();
        for row in rows {
            match &row.records {
                Ok(records) => parsed.extend(records.iter().map(|record| {
                    parser
                        .parse(record, self.queue, self.arrival)
                        .map_err(|rejection| (rejection, row.text.as_str()))
                })),
                Err(rejection) => parsed.push(Err((rejection.clone(), row.text.as_str()))),
            }
        }
        parsed
    }
}

/// The rows of a body: the items of a JSON array, at the place that the mapping names, or the body itself. Their numbers
/// in it are part of the message ids, where the mapping names none.
fn rows(mapping: &Mapping, body: &str, id: &str) -> Vec<Row> {
    let array = || {
        let mut document: Value = serde_json::from_str(body).ok()?;
        let mut place = &mut document;
        for key in mapping.records_at() {
            place = place.get_mut(key)?;
        }
        Some(std::mem::take(place.as_array_mut()?))
    };
    let texts = match array() {
        Some(items) => items.iter().map(Value::to_string).collect(),
        None => vec![body.to_owned()],
    };
    let rows = texts.into_iter().zip(1..).map(|(text, number)| {
        let records = match text.len() > MAX_ROW {
            true => Err(Rejection::new(
                Code::TooLarge,
                "",
                format!("{} bytes; one may have {MAX_ROW}", text.len()),
            )),
            false => mapping.records(&text, id, number),
        };
        Row { text, records }
    });
    rows.collect()
}

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
