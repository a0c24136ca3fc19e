//! Batches of which a part fails.

use crate::server::{self, Answer};
use aws::{ActionQueues, Aws, DueMessages, KinesisBus, TopicBus};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campaign::{Action, ActionQueue, DueQueue, Lane};
use event::{Event, EventBus, Identifier, IdentifierKind, Identifiers, Key, PortError, decode_envelope};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

/// What a server took, and how often it was called.
#[derive(Default)]
struct Taken {
    calls: usize,
    /// Entries in the order in which they were taken.
    entries: Vec<Vec<u8>>,
}

fn event(n: usize, person: u16, size: usize) -> Event<'static> {
    let mut key = [7; 16];
    key[..2].copy_from_slice(&person.to_be_bytes());
    let mut identifiers = Identifiers::default();
    identifiers.insert(Identifier { kind: IdentifierKind::User, key: Key(key) });
    let properties = format!(r#"{{"text":"{}"}}"#, "x".repeat(size));
    Event::reported(format!("m-{n}"), "Seen", identifiers, 1_700_000_000_000, properties, "test")
}

/// 700 people with one event or two, and three with several envelopes each.
fn events() -> Vec<Event<'static>> {
    let many = (0..900).map(|n| event(n, n as u16 % 700, 10));
    let large = (900..960).map(|n| event(n, n as u16 % 3, 4_000));
    many.chain(large).collect()
}

/// The message ids of each person, in order.
fn ids<'e>(events: impl IntoIterator<Item = Event<'e>>) -> BTreeMap<Key, Vec<String>> {
    let mut ids: BTreeMap<Key, Vec<String>> = BTreeMap::new();
    for event in events {
        ids.entry(event.identifiers[0].key).or_default().push(event.message_id.to_string());
    }
    ids
}

fn ids_in(envelopes: &[Vec<u8>]) -> BTreeMap<Key, Vec<String>> {
    ids(envelopes.iter().flat_map(|envelope| decode_envelope(envelope).unwrap()))
}

fn person_of(envelope: &[u8]) -> Key {
    decode_envelope(envelope).unwrap()[0].identifiers[0].key
}

/// Whether the service refuses the entry: two of seven, at changing places.
fn refuses(calls: usize, place: usize) -> bool {
    (calls + place) % 7 < 2
}

#[tokio::test]
async fn records_that_a_shard_refuses_come_again_in_the_order_of_each_person() {
    let taken = Arc::new(Mutex::new(Taken::default()));
    let seen = taken.clone();
    let url = server::start(move |body| {
        let request: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(request["StreamName"], "bus");
        let records = request["Records"].as_array().unwrap();
        let mut taken = seen.lock().unwrap();
        taken.calls += 1;
        let (calls, mut people) = (taken.calls, HashSet::new());
        assert!(records.len() <= 500 && body.len() < 7 << 20);
        let answers = records.iter().enumerate().map(|(place, record)| {
            let envelope = STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
            let person = person_of(&envelope);
            assert_eq!(record["PartitionKey"], person.to_string());
            assert!(people.insert(person), "two envelopes of one person in a call");
            if refuses(calls, place) {
                return json!({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow"});
            }
            taken.entries.push(envelope);
            json!({"SequenceNumber": "1", "ShardId": "shardId-0"})
        });
        Answer::json(200, json!({"FailedRecordCount": 1, "Records": answers.collect::<Vec<_>>()}))
    });
    let aws = Aws::local(&url, None).await;
    KinesisBus::new(&aws, "bus").publish(&events()).await.unwrap();
    assert_eq!(ids_in(&taken.lock().unwrap().entries), ids(events()), "each once, in the person's order");
}

#[tokio::test]
async fn messages_that_a_topic_refuses_come_again_in_the_order_of_each_person() {
    let taken = Arc::new(Mutex::new(Taken::default()));
    let seen = taken.clone();
    let url = server::start(move |body| {
        let field = |place: usize, name: &str| {
            let name = format!("PublishBatchRequestEntries.member.{}.{name}=", place + 1);
            let form = std::str::from_utf8(body).unwrap().split('&');
            form.filter_map(|pair| pair.strip_prefix(name.as_str()).map(unescape)).next()
        };
        let mut taken = seen.lock().unwrap();
        taken.calls += 1;
        let (calls, mut people, mut size) = (taken.calls, HashSet::new(), 0);
        let (mut successful, mut failed) = (String::new(), String::new());
        for (place, message) in (0..).map_while(|place| Some((place, field(place, "Message")?))) {
            size += message.len();
            let envelope = STANDARD.decode(message).unwrap();
            assert!(people.insert(person_of(&envelope)), "two envelopes of one person in a call");
            let id = field(place, "Id").unwrap();
            if refuses(calls, place) {
                failed += &format!(
                    "<member><Id>{id}</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>"
                );
            } else {
                taken.entries.push(envelope);
                successful +=
                    &format!("<member><Id>{id}</Id><MessageId>{calls}-{place}</MessageId></member>");
            }
        }
        assert!((1..=10).contains(&people.len()) && size <= 256 << 10);
        let answer = format!(
            "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>\
             <Successful>{successful}</Successful><Failed>{failed}</Failed></PublishBatchResult>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>"
        );
        Answer::Of(200, ("Content-Type", "text/xml".to_owned()), answer)
    });
    let aws = Aws::local(&url, None).await;
    TopicBus::new(&aws, "arn:aws:sns:us-east-1:000000000000:bus").publish(&events()).await.unwrap();
    assert_eq!(ids_in(&taken.lock().unwrap().entries), ids(events()), "each once, in the person's order");
}

/// A form's value without its percent escapes.
fn unescape(value: &str) -> String {
    let mut parts = value.split('%');
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        plain.push(u8::from_str_radix(digits, 16).unwrap() as char);
        plain.push_str(rest);
    }
    plain
}

/// A queue that refuses entries as the function says (place in the call, calls so far): code and sender's fault.
fn queue(refuses: fn(usize, usize) -> Option<(&'static str, bool)>) -> (String, Arc<Mutex<Taken>>) {
    let taken = Arc::new(Mutex::new(Taken::default()));
    let seen = taken.clone();
    let url = server::start(move |body| {
        let request: Value = serde_json::from_slice(body).unwrap();
        let entries = request["Entries"].as_array().unwrap();
        let bodies = entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap());
        assert!(entries.len() <= 10 && bodies.clone().map(str::len).sum::<usize>() <= 256 << 10);
        let mut taken = seen.lock().unwrap();
        taken.calls += 1;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for ((place, entry), body) in entries.iter().enumerate().zip(bodies) {
            match refuses(place, taken.calls) {
                Some((code, fault)) => {
                    failed.push(json!({"Id": entry["Id"], "Code": code, "SenderFault": fault}));
                }
                None => {
                    taken.entries.push(body.as_bytes().to_vec());
                    // The SDK does not look at the digest.
                    successful.push(json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "0"}));
                }
            }
        }
        Answer::json(200, json!({"Successful": successful, "Failed": failed}))
    });
    (url, taken)
}

fn action(n: u8) -> Action {
    Action {
        id: Key([n; 16]),
        person: Key([1; 16]),
        campaign: "browse".to_owned(),
        step: "coupon".to_owned(),
        key: "p".to_owned(),
        entered_at: 0,
        due_at: 0,
        lane: if n.is_multiple_of(3) { Lane::Service } else { Lane::Marketing },
        kept: format!(r#"{{"text":"{}"}}"#, "x".repeat(30_000)),
        ..Action::default()
    }
}

#[tokio::test]
async fn actions_that_a_queue_refuses_come_again() {
    // A sender that is too quick is told it is at fault, and comes again all the same.
    let (url, taken) = queue(|place, calls| match (calls + place) % 3 {
        0 => Some(("ServiceUnavailable", false)),
        1 if calls < 4 => Some(("RequestThrottled", true)),
        _ => None,
    });
    let queues = ActionQueues::new(&Aws::local(&url, None).await, format!("{url}/a/s"), format!("{url}/a/m"));
    let actions: Vec<Action> = (0..40).map(action).collect();
    queues.put(&actions).await.unwrap();
    let bodies = taken.lock().unwrap().entries.clone();
    let mut put: Vec<Action> =
        bodies.iter().map(|body| Action::decode(&STANDARD.decode(body).unwrap()).unwrap()).collect();
    assert!(put.iter().is_sorted_by_key(|action| action.lane), "service is served first");
    put.sort_by_key(|action| action.id);
    assert_eq!(put, actions, "each once");
}

#[tokio::test]
async fn due_people_go_a_thousand_a_message() {
    let (url, taken) = queue(|place, calls| (place == 0 && calls == 1).then_some(("InternalError", false)));
    let due = DueMessages::new(&Aws::local(&url, None).await, format!("{url}/a/due"));
    let people: Vec<Key> = (1..=10_500_u128).map(|n| Key((n << 64).to_be_bytes())).collect();
    due.put(&people).await.unwrap();
    let bodies = taken.lock().unwrap().entries.clone();
    assert_eq!(bodies.len(), 11);
    let mut named: Vec<Key> = bodies
        .iter()
        .flat_map(|body| std::str::from_utf8(body).unwrap().split(',').map(|key| Key::parse(key).unwrap()))
        .collect();
    named.sort();
    assert_eq!(named, people);
}

#[tokio::test]
async fn what_will_not_be_taken_is_told() {
    // The sender's own fault is not repeated.
    let (url, taken) = queue(|_, _| Some(("InvalidMessageContents", true)));
    let due = DueMessages::new(&Aws::local(&url, None).await, format!("{url}/a/due"));
    let error = due.put(&[Key([1; 16])]).await.unwrap_err();
    assert!(
        matches!(error, PortError::Failed { .. }) && error.to_string().contains("InvalidMessageContents")
    );
    assert_eq!(taken.lock().unwrap().calls, 1);

    // What is refused without end ends as a passing failure.
    let (url, taken) = queue(|_, _| Some(("InternalError", false)));
    let due = DueMessages::new(&Aws::local(&url, None).await, format!("{url}/a/due"));
    let error = due.put(&[Key([1; 16])]).await.unwrap_err();
    assert!(matches!(error, PortError::Unavailable { .. }), "{error}");
    assert_eq!(taken.lock().unwrap().calls, 10);

    // What is over the service's limit is not even sent: nobody listens there.
    let aws = Aws::local("http://127.0.0.1:1", None).await;
    for (error, limit) in [
        (KinesisBus::new(&aws, "bus").publish(&[event(1, 1, 1 << 20)]).await, "1048576"),
        (
            TopicBus::new(&aws, "arn:aws:sns:us-east-1:0:bus").publish(&[event(1, 1, 200 << 10)]).await,
            "262144",
        ),
    ] {
        let error = error.unwrap_err();
        assert!(matches!(error, PortError::Failed { .. }) && error.to_string().contains(limit), "{error}");
    }
}

#[tokio::test]
async fn publishing_can_go_on_another_thread() {
    let bus = aws::Bus::Stream(KinesisBus::new(&Aws::local("http://127.0.0.1:1", None).await, "bus"));
    tokio::spawn(async move { bus.publish(&[]).await }).await.unwrap().unwrap();
}
