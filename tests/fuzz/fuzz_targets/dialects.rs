//! Bodies of other tools: whatever is translated is a record that the parser answers.
#![no_main]

use event::dialect::{Translated, cloudevents, ga4, pixel, posthog};
use event::{Arrival, Parser, ParserSettings, Pseudonymizer};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PARSER: LazyLock<Parser> =
    LazyLock::new(|| Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default()));
const NOW: i64 = 1_795_341_600_000;

fuzz_target!(|input: &[u8]| {
    let attributes = ["specversion", "id", "source", "type"].map(|name| {
        (name.to_owned(), if name == "specversion" { "1.0" } else { "x" }.to_owned())
    });
    let mut records: Vec<Translated> = vec![cloudevents::binary(&attributes, input).map_err(|r| (r, String::new()))];
    if let Ok(body) = std::str::from_utf8(input) {
        let bodies = [posthog::records(body, None, NOW), ga4::records(body, NOW), cloudevents::records(body)];
        records.extend(bodies.into_iter().flatten().flatten());
        ga4::problems(body);
        let parameters = [("data".to_owned(), body.to_owned())];
        records.push(pixel::record(&parameters, None).map_err(|r| (r, String::new())));
        let parameters: Vec<_> = body
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        records.push(pixel::record(&parameters, None).map_err(|r| (r, String::new())));
    }
    for record in records.into_iter().flatten() {
        let _ = PARSER.parse(record.as_bytes(), "fuzz", Arrival::Live { now: NOW });
    }
});
