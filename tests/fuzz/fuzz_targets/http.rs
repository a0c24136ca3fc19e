//! A whole request: its line, headers and body, as they stand in the input. There is an answer, and never a 500.
#![no_main]

use collect_events::{Deps, Request, WriteKeys, run};
use event::{Event, EventBus, Identifier, Parser, ParserSettings, PortError, Pseudonymizer, Quarantine, Quarantined, Secret, Vault};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PARSER: LazyLock<Parser> =
    LazyLock::new(|| Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default()));
static KEYS: LazyLock<WriteKeys> = LazyLock::new(|| WriteKeys::new([("fuzz".to_owned(), "k".to_owned())]));

/// Takes everything and keeps nothing.
struct Nowhere;

impl EventBus for Nowhere {
    async fn publish(&self, _: &[Event<'_>]) -> Result<(), PortError> {
        Ok(())
    }
}

impl Vault for Nowhere {
    async fn put(&self, _: &[Secret]) -> Result<(), PortError> {
        Ok(())
    }

    async fn get(&self, _: Identifier, _: &str) -> Result<Option<String>, PortError> {
        Ok(None)
    }
}

impl Quarantine for Nowhere {
    async fn put(&self, _: &[Quarantined]) -> Result<(), PortError> {
        Ok(())
    }
}

fuzz_target!(|input: &[u8]| {
    // `METHOD address`, headers, an empty line, the body; no carriage returns.
    let end = input.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((input, &b""[..]), |at| (&input[..at], &input[at + 2..]));
    let Ok(head) = std::str::from_utf8(head) else { return };
    let mut lines = head.lines();
    let (method, address) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or(("POST", "/v1/batch"));
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    headers.push(("x-write-key", "k"));
    let deps = Deps { bus: &Nowhere, vault: &Nowhere, quarantine: &Nowhere, parser: &PARSER, write_keys: &KEYS };
    let request = Request { method, path, query, headers: &headers, body, now: 1_795_341_600_000 };
    let response = pollster::block_on(run(&deps, &request));
    assert!((200..500).contains(&response.status), "{}", response.status);
    assert_eq!(response.body.is_empty(), response.status == 204);
});
