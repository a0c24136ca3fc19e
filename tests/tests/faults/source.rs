//! Lambda's side of a batch: the function is invoked with it until it says that all of it is done.

use lambda::{Failure, Invocation};
use serde_json::{Value, json};

/// How a source takes it that records failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// All from the first of them on come again, in their order.
    Stream,
    /// They come again, and nothing else.
    Queue,
}

/// How often a batch may come until something must be wrong.
const ATTEMPTS: usize = 60;

/// Hands records over until none is left. `event` is the JSON of an event with all of them. With `twice`, what was
/// done comes once more, as it does where Lambda did not learn of it.
///
/// # Panics
/// Where they fail again and again.
pub async fn bring(
    source: Source,
    event: &str,
    twice: bool,
    function: impl AsyncFn(&Invocation) -> Result<Value, Failure>,
) {
    let event: Value = serde_json::from_str(event).unwrap();
    let all: Vec<Value> = event["Records"].as_array().unwrap().clone();
    let (mut left, mut said) = (all.clone(), String::new());
    for _ in 0..ATTEMPTS {
        match function(&invocation(&left)).await {
            Ok(answer) => {
                said = answer.to_string();
                left = failed(source, left, &answer);
            }
            Err(failure) => said = failure.to_string(),
        }
        if left.is_empty() {
            if twice {
                // Whatever it says: it was done.
                let _ = function(&invocation(&all)).await;
            }
            return;
        }
    }
    panic!("{} of {} records failed {ATTEMPTS} times: {said}", left.len(), all.len());
}

fn invocation(records: &[Value]) -> Invocation {
    Invocation::parse(&json!({"Records": records}).to_string()).unwrap()
}

/// The records to deliver again.
fn failed(source: Source, mut records: Vec<Value>, answer: &Value) -> Vec<Value> {
    let ids = answer["batchItemFailures"].as_array().into_iter().flatten();
    let ids: Vec<&str> = ids.map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect();
    match source {
        Source::Queue => records.retain(|record| ids.contains(&id(record))),
        Source::Stream => {
            let first = records.iter().position(|record| ids.contains(&id(record)));
            drop(records.drain(..first.unwrap_or(records.len())));
        }
    }
    records
}

fn id(record: &Value) -> &str {
    let places = ["/messageId", "/kinesis/sequenceNumber", "/dynamodb/SequenceNumber"];
    places.iter().find_map(|place| record.pointer(place)?.as_str()).expect("a record with an id")
}
