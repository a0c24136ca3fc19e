//! Unsubscribe links, from a click to what is on the bus.

#[path = "../../../shared/event/tests/ports/mod.rs"]
mod ports;

use collect_events::{Deps, Request, Response, WriteKeys, run};
use event::{
    Identifier, IdentifierKind, Key, Parser, ParserSettings, PortError, Privacy, PrivacyList, Pseudonymizer,
};
use pollster::block_on;
use ports::Memory;
use serde_json::{Value, json};
use std::sync::Arc;
use token::{MessageToken, TokenKey};

const NOW: i64 = 1_795_341_600_000;

fn hasher() -> Pseudonymizer {
    Pseudonymizer::new(b"test key")
}

fn ann() -> Identifier {
    hasher().identifier(IdentifierKind::User, "ann-1")
}

fn token(key: &TokenKey, sent_at: i64) -> String {
    key.seal(&MessageToken {
        person: ann(),
        action: Key([0xab; 16]),
        channel: "email".into(),
        campaign: "browse".into(),
        sent_at,
    })
}

fn ours() -> String {
    token(&TokenKey::of(&hasher()), NOW)
}

fn send_at(
    memory: &Memory,
    list: PrivacyList,
    method: &str,
    token: &str,
    language: &str,
    now: i64,
) -> Response {
    let settings = ParserSettings { privacy: Arc::new(Privacy::new(list)), ..ParserSettings::default() };
    let parser = Parser::new(hasher(), settings);
    // There is no write key: nobody who unsubscribes has one.
    let write_keys = WriteKeys::default();
    let deps = Deps {
        bus: memory,
        vault: memory,
        quarantine: memory,
        requests: memory,
        parser: &parser,
        write_keys: &write_keys,
    };
    let path = format!("/u/{token}");
    let headers = [("accept-language", language)];
    block_on(run(&deps, &Request { method, path: &path, query: "", headers: &headers, body: b"", now }))
}

fn send(memory: &Memory, method: &str, token: &str) -> Response {
    send_at(memory, PrivacyList::default(), method, token, "", NOW)
}

fn taken(memory: &Memory) -> Vec<(String, Value)> {
    memory.events(|event| {
        assert_eq!(event.identifiers[..], [ann()]);
        assert_eq!(event.happened_at, NOW);
        (event.name.to_string(), serde_json::from_str(&event.properties).unwrap())
    })
}

#[test]
fn one_click_unsubscribes_from_the_channel() {
    let memory = Memory::default();
    let response = send(&memory, "POST", &ours());
    assert_eq!((response.status, response.accepted), (200, 1));
    assert!(response.text().contains("You are unsubscribed"), "{}", response.text());
    let properties = json!({
        "channel": "email", "action_id": "ab".repeat(16), "method": "one_click", "campaign": "browse",
    });
    assert_eq!(taken(&memory), [("Unsubscribed".to_owned(), properties)]);
}

#[test]
fn a_look_at_the_link_changes_nothing() {
    let memory = Memory::default();
    for _ in 0..3 {
        let response = send(&memory, "GET", &ours());
        assert_eq!(response.status, 200);
        assert!(response.text().contains("<form method=\"post\">"), "{}", response.text());
        assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
        assert!(!response.text().contains(&ours()), "the page repeats nothing of the address");
    }
    for method in ["HEAD", "PUT", "DELETE"] {
        assert_eq!(send(&memory, method, &ours()).status, 405, "{method}");
    }
    assert!(taken(&memory).is_empty());
    let chinese = send_at(&memory, PrivacyList::default(), "GET", &ours(), "zh-CN,zh;q=0.9,en;q=0.8", NOW);
    assert!(chinese.text().contains("退订"));
}

#[test]
fn forged_altered_and_old_tokens_are_refused() {
    let memory = Memory::default();
    let theirs = token(&TokenKey::of(&Pseudonymizer::new(b"another key")), NOW);
    let mut altered = ours().into_bytes();
    altered[60] = if altered[60] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    let ours = ours();
    let zeros = "0".repeat(160);
    let guesses =
        [theirs.as_str(), &altered, &ours[1..], &ours[..ours.len() - 1], &zeros, "x", "..", "ann-1"];
    for forged in guesses {
        for method in ["GET", "POST"] {
            let response = send(&memory, method, forged);
            assert_eq!(response.status, 404, "{method} {forged}");
            assert!(!response.text().contains("<form"));
        }
    }
    let late = send_at(&memory, PrivacyList::default(), "POST", &ours, "", NOW + 1 + MessageToken::LIFETIME);
    assert_eq!(late.status, 410);
    assert!(taken(&memory).is_empty(), "a token that is not ours unsubscribed somebody");
}

#[test]
fn what_cannot_be_kept_is_not_promised() {
    let memory = Memory::default();
    let down = || PortError::Unavailable { what: "the bus", reason: "test".into() };
    memory.broken.set(Some(("bus", down)));
    let response = send(&memory, "POST", &ours());
    assert_eq!((response.status, response.header("retry-after")), (503, Some("30")));
    assert!(response.cause.is_some() && response.text().contains("<form"), "the person can try again");
}

#[test]
fn who_was_erased_stays_out() {
    let memory = Memory::default();
    let mut list = PrivacyList::default();
    list.erase(&[ann()], NOW);
    let response = send_at(&memory, list.clone(), "POST", &ours(), "", NOW);
    assert_eq!((response.status, response.accepted), (200, 0));
    assert!(taken(&memory).is_empty());
    // They came back, and got a message since.
    let newer = token(&TokenKey::of(&hasher()), NOW + 1);
    assert_eq!(send_at(&memory, list, "POST", &newer, "", NOW).accepted, 1);
}
