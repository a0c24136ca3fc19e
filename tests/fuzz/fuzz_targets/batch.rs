//! A batch, of now and of the past.
#![no_main]

use event::{Arrival, Parser, ParserSettings, Pseudonymizer};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PARSER: LazyLock<Parser> =
    LazyLock::new(|| Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default()));

fuzz_target!(|body: &[u8]| {
    let now = 1_795_341_600_000;
    for arrival in [Arrival::Live { now }, Arrival::Recorded { now }] {
        for record in PARSER.parse_batch(body, "fuzz", arrival).into_iter().flatten().flatten() {
            assert!(!record.event.identifiers.is_empty());
        }
    }
});
