//! What people look at together, over a lake that was worked out by hand.

use build_reports::{Settings, run};
use bytes::Bytes;
use event::{Arrival, NotCounted, Parser, ParserSettings, PortError, Pseudonymizer};
use lake::{EventFile, LakeFile, LakeStore, ReportStore};
use pollster::block_on;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// 2026-11-21T12:00:00Z.
const NOW: i64 = 1_795_262_400_000;

#[derive(Default)]
struct Memory(RefCell<BTreeMap<String, Vec<u8>>>);

impl LakeStore for Memory {
    type File = Bytes;

    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        self.0.borrow_mut().insert(file.path.clone(), file.bytes.clone());
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        Ok(self.0.borrow().keys().filter(|path| path.starts_with(prefix)).cloned().collect())
    }

    async fn open(&self, path: &str) -> Result<Bytes, PortError> {
        Ok(Bytes::from(self.0.borrow()[path].clone()))
    }
}

impl ReportStore for Memory {
    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        LakeStore::put(self, file).await
    }
}

/// The table after these looks: person, product, and the person's answer to analytics.
fn table(looks: &[(&str, &str, Option<bool>)]) -> Value {
    let lake = Memory::default();
    let parser = Parser::new(Pseudonymizer::new(b"report"), ParserSettings::default());
    let mut file = EventFile::new(20_778, "log");
    for (sequence, (person, product, analytics)) in (0..).zip(looks) {
        let mut record = json!({
            "type": "track", "event": "Product Viewed", "anonymousId": person, "messageId": format!("m-{sequence}"),
            "timestamp": "2026-11-20T12:00:00Z", "properties": {"product_id": product},
        });
        if let Some(granted) = analytics {
            record["context"] = json!({"consent": {"categoryPreferences": {"analytics": granted}}});
        }
        let record = record.to_string();
        let event = parser.parse(record.as_bytes(), "web", Arrival::Recorded { now: NOW }).unwrap().event;
        file.push(sequence, NOW, &event);
    }
    block_on(LakeStore::put(&lake, &file.finish().unwrap())).unwrap();
    block_on(run(&lake, &lake, &NotCounted, NOW, &Settings::default())).unwrap();
    let bytes = lake.0.borrow()["reports/latest/products.json"].clone();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn nearness_is_the_cosine_of_who_looked() {
    // pan: a b c d; pot: a b c; lid: a b c d; cup: a b (too few).
    let mut looks = Vec::new();
    for (product, people) in [("pan", "abcd"), ("pot", "abc"), ("lid", "dcba"), ("cup", "ab")] {
        for person in people.chars() {
            looks.push((person.to_string(), product));
        }
    }
    // Somebody looks twice, and counts once.
    looks.push(("a".to_owned(), "pot"));
    let looks: Vec<_> = looks.iter().map(|(person, product)| (person.as_str(), *product, None)).collect();
    let near = |id: &str, cosine: f64| json!({"product_id": id, "cosine": cosine});
    // 3 together of 4 and 3: 3 / sqrt(12) = 0.8660.
    assert_eq!(
        table(&looks),
        json!({
            "computed_at": NOW,
            "popular": ["lid", "pan", "pot"],
            "related": {
                "lid": [near("pan", 1.0), near("pot", 0.866)],
                "pan": [near("lid", 1.0), near("pot", 0.866)],
                "pot": [near("lid", 0.866), near("pan", 0.866)],
            },
        })
    );
}

#[test]
fn what_few_people_did_and_what_was_not_agreed_to_is_not_in_it() {
    let looks = ["a", "b"].map(|person| (person, "pan", None));
    assert_eq!(table(&looks), json!({"computed_at": NOW, "popular": [], "related": {}}));
    // The third said yes, and then no.
    let mut looks: Vec<_> = ["a", "b", "c"].map(|person| (person, "pan", Some(true))).to_vec();
    assert_eq!(table(&looks)["popular"], json!(["pan"]));
    looks[2].2 = None;
    assert_eq!(table(&looks)["popular"], json!(["pan"]));
}
