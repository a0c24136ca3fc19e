//! Batches of which a part fails: it is taken out of the call, and told as failed in the answer.

use rondo_tests::proxy::{Answer, Call};
use serde_json::{Value, json};

/// A call without some of its entries.
pub enum Dropped {
    /// None is left: this is the answer.
    All(Answer),
    Some {
        body: Vec<u8>,
        answer: Box<dyn FnOnce(Vec<u8>) -> Vec<u8>>,
    },
}

/// Takes entries out of a batch, those that `drops` says. `None` for a call that is no batch, and where none is
/// dropped.
pub fn without_some(call: &Call, drops: &mut dyn FnMut() -> bool) -> Option<Dropped> {
    match (call.service(), call.operation()) {
        ("DynamoDB", "BatchGetItem") => {
            unprocessed(call, "UnprocessedKeys", |table| &mut table["Keys"], drops)
        }
        ("DynamoDB", "BatchWriteItem") => unprocessed(call, "UnprocessedItems", |table| table, drops),
        ("Kinesis", "PutRecords") => records(call, drops),
        ("SQS", "SendMessageBatch") => messages(call, drops),
        ("SNS", "PublishBatch") => publications(call, drops),
        _ => None,
    }
}

/// The entries that stay, and those that don't.
fn part<T>(entries: Vec<T>, drops: &mut dyn FnMut() -> bool) -> (Vec<T>, Vec<T>) {
    entries.into_iter().partition(|_| !drops())
}

/// Of a batch of DynamoDB, which leaves at least one entry processed.
fn unprocessed(
    call: &Call,
    name: &'static str,
    entries: fn(&mut Value) -> &mut Value,
    drops: &mut dyn FnMut() -> bool,
) -> Option<Dropped> {
    let mut request: Value = serde_json::from_slice(&call.body).ok()?;
    let mut left = request["RequestItems"].clone();
    for (table, asked) in request["RequestItems"].as_object_mut()? {
        let Value::Array(all) = entries(asked).take() else { return None };
        let (mut kept, mut dropped) = part(all, drops);
        if kept.is_empty() {
            kept.extend(dropped.pop());
        }
        match dropped.is_empty() {
            true => drop(left.as_object_mut()?.remove(table)),
            false => *entries(&mut left[table]) = dropped.into(),
        }
        *entries(asked) = kept.into();
    }
    if left.as_object()?.is_empty() {
        return None;
    }
    let answer = move |answer: Vec<u8>| {
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        answer[name] = left;
        answer.to_string().into_bytes()
    };
    Some(Dropped::Some { body: request.to_string().into_bytes(), answer: Box::new(answer) })
}

fn records(call: &Call, drops: &mut dyn FnMut() -> bool) -> Option<Dropped> {
    let mut request: Value = serde_json::from_slice(&call.body).ok()?;
    let Value::Array(all) = request["Records"].take() else { return None };
    let dropped: Vec<bool> = all.iter().map(|_| drops()).collect();
    let failed = dropped.iter().filter(|dropped| **dropped).count();
    let kept = all.into_iter().zip(&dropped).filter(|(_, dropped)| !**dropped).map(|(record, _)| record);
    request["Records"] = kept.collect();
    let told = move |mut through: Vec<Value>| {
        let refused = json!({
            "ErrorCode": "ProvisionedThroughputExceededException",
            "ErrorMessage": "Rate exceeded for shard shardId-000000000000.",
        });
        let mut through = through.drain(..);
        let all = dropped.iter().map(|dropped| match dropped {
            true => refused.clone(),
            false => through.next().expect("an answer to each record"),
        });
        json!({"FailedRecordCount": failed, "Records": all.collect::<Vec<_>>()}).to_string()
    };
    match request["Records"].as_array().map_or(0, Vec::len) {
        _ if failed == 0 => None,
        0 => {
            let body = told(Vec::new());
            Some(Dropped::All(Answer { status: 200, content_type: "application/x-amz-json-1.1", body }))
        }
        _ => {
            let answer = move |answer: Vec<u8>| {
                let mut answer: Value = serde_json::from_slice(&answer).unwrap();
                let Value::Array(through) = answer["Records"].take() else { panic!("no records") };
                told(through).into_bytes()
            };
            Some(Dropped::Some { body: request.to_string().into_bytes(), answer: Box::new(answer) })
        }
    }
}

fn messages(call: &Call, drops: &mut dyn FnMut() -> bool) -> Option<Dropped> {
    let mut request: Value = serde_json::from_slice(&call.body).ok()?;
    let Value::Array(all) = request["Entries"].take() else { return None };
    let (kept, dropped) = part(all, drops);
    if dropped.is_empty() {
        return None;
    }
    let told = |entry: &Value| json!({"Id": entry["Id"], "Code": "InternalError", "SenderFault": false});
    let failed: Vec<Value> = dropped.iter().map(told).collect();
    if kept.is_empty() {
        let body = json!({"Successful": [], "Failed": failed}).to_string();
        return Some(Dropped::All(Answer { status: 200, content_type: "application/x-amz-json-1.0", body }));
    }
    request["Entries"] = kept.into();
    let answer = move |answer: Vec<u8>| {
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        answer["Failed"] = failed.into();
        answer.to_string().into_bytes()
    };
    Some(Dropped::Some { body: request.to_string().into_bytes(), answer: Box::new(answer) })
}

/// The fields of one entry of a topic's batch.
const ENTRY: &str = "PublishBatchRequestEntries.member.";

fn publications(call: &Call, drops: &mut dyn FnMut() -> bool) -> Option<Dropped> {
    let body = std::str::from_utf8(&call.body).ok()?;
    let (mut others, mut entries): (Vec<&str>, Vec<Vec<&str>>) = (Vec::new(), Vec::new());
    let mut last = "";
    for field in body.split('&') {
        match field.strip_prefix(ENTRY).and_then(|entry| entry.split_once('.')) {
            Some((number, field)) if number == last => entries.last_mut()?.push(field),
            Some((number, field)) => {
                last = number;
                entries.push(vec![field]);
            }
            None => others.push(field),
        }
    }
    let (kept, dropped) = part(entries, drops);
    if dropped.is_empty() {
        return None;
    }
    let id = |entry: &Vec<&str>| entry.iter().find_map(|field| field.strip_prefix("Id=")).map(str::to_owned);
    let told = |id: String| {
        format!("<member><Id>{id}</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>")
    };
    let failed: String = dropped.iter().filter_map(id).map(told).collect();
    if kept.is_empty() {
        let body = format!(
            "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult><Failed>{failed}\
             </Failed><Successful/></PublishBatchResult></PublishBatchResponse>"
        );
        return Some(Dropped::All(Answer { status: 200, content_type: "text/xml", body }));
    }
    let mut fields: Vec<String> = others.into_iter().map(str::to_owned).collect();
    for (number, entry) in (1..).zip(kept) {
        fields.extend(entry.iter().map(|field| format!("{ENTRY}{number}.{field}")));
    }
    let answer = move |answer: Vec<u8>| {
        let answer = String::from_utf8(answer).unwrap();
        let (before, after) = answer.split_once("<PublishBatchResult>").expect("the answer of a topic");
        let after = after.replacen("<Failed></Failed>", "", 1).replacen("<Failed/>", "", 1);
        format!("{before}<PublishBatchResult><Failed>{failed}</Failed>{after}").into_bytes()
    };
    Some(Dropped::Some { body: fields.join("&").into_bytes(), answer: Box::new(answer) })
}
