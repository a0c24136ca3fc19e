//! One record: an event that can be written and read again, or a reason.
#![no_main]

use event::{Arrival, Event, Parser, ParserSettings, Pseudonymizer};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PARSER: LazyLock<Parser> =
    LazyLock::new(|| Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default()));

fuzz_target!(|record: &[u8]| {
    match PARSER.parse(record, "fuzz", Arrival::Live { now: 1_795_341_600_000 }) {
        Ok(parsed) => {
            let mut bytes = Vec::new();
            parsed.event.encode(&mut bytes);
            assert_eq!(Event::decode(&bytes).unwrap(), parsed.event);
        }
        Err(rejection) => assert!(!rejection.reason.is_empty()),
    }
});
