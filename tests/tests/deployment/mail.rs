//! Mail as it left, without the moment.

use campaign::{LedgerEntry, LedgerState};
use event::Key;
use rondo_tests::Endpoint;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Tells the endpoint that these domains may send and receive.
pub fn verify_domains(endpoint: &Endpoint, domains: &[&str]) {
    for domain in domains {
        let body = format!(r#"{{"EmailIdentity":"{domain}"}}"#);
        let answer = ureq::post(format!("{}/v2/email/identities", endpoint.url()))
            .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ses/aws4_request")
            .header("content-type", "application/json")
            .send(body);
        assert!(answer.is_ok(), "{domain}: {answer:?}");
    }
}

/// The mails of an outbox folder, by action.
pub fn in_folder(folder: &Path) -> BTreeMap<Key, String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mail = files.filter(|path| path.extension().is_some_and(|ending| ending == "eml"));
    mail.map(|path| {
        let action = Key::parse(path.file_stem().unwrap().to_str().unwrap()).unwrap();
        (action, without_date(&fs::read_to_string(&path).unwrap()))
    })
    .collect()
}

/// The mails that the endpoint took for the sent messages of a ledger, by action.
pub fn sent(endpoint: &Endpoint, ledger: &BTreeMap<Key, LedgerEntry>) -> BTreeMap<Key, String> {
    let url = format!("{}/_ministack/ses/messages", endpoint.url());
    let answer: Value =
        serde_json::from_reader(ureq::get(url).call().unwrap().into_body().into_reader()).unwrap();
    let messages = answer["messages"].as_array().or(answer.as_array()).expect("a list of messages");
    let by_id: BTreeMap<&str, &Value> =
        messages.iter().filter_map(|message| Some((message["MessageId"].as_str()?, message))).collect();
    let sent = ledger.values().filter(|entry| entry.state == LedgerState::Sent);
    let mail: BTreeMap<Key, String> = sent
        .map(|entry| {
            let message = by_id.get(entry.receipt.as_str());
            let message = message.unwrap_or_else(|| panic!("no mail {} at the endpoint", entry.receipt));
            let raw = message["RawData"].as_str().expect("a raw message");
            (entry.action, without_date(raw))
        })
        .collect();
    mail
}

fn without_date(mail: &str) -> String {
    let lines = mail.lines().filter(|line| !line.starts_with("Date: "));
    // The boundaries of a mail's parts are made by chance.
    let mut boundary = "";
    for line in mail.lines() {
        if let Some((_, rest)) = line.split_once("boundary=\"") {
            boundary = rest.split('"').next().unwrap_or_default();
        }
    }
    let text = lines.collect::<Vec<_>>().join("\n");
    if boundary.is_empty() { text } else { text.replace(boundary, "BOUNDARY") }
}
