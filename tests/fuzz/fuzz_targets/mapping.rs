//! A mapping file, up to a line of three dashes, and a row that it is applied to.
#![no_main]

use event::{Arrival, Mapping, Parser, ParserSettings, Pseudonymizer};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PARSER: LazyLock<Parser> =
    LazyLock::new(|| Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default()));

fuzz_target!(|input: &str| {
    let Some((yaml, row)) = input.split_once("\n---\n") else { return };
    let Ok(mapping) = Mapping::parse(yaml) else { return };
    for record in mapping.records(row, "fuzz", 1).into_iter().flatten() {
        let _ = PARSER.parse(&record, "fuzz", Arrival::Recorded { now: 1_795_341_600_000 });
    }
});
