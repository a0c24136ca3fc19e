//! What it costs to parse a file of records, one JSON object a line:
//! `cargo run --profile profiling --example parse_cost -- FILE [PASSES]`.

use event::{Arrival, Parser, ParserSettings, Pseudonymizer};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a file of records, one JSON object a line")?;
    let passes: u32 = arguments.next().map_or(Ok(5), |n| n.parse())?;
    let records = std::fs::read(path)?;
    let lines: Vec<&[u8]> = records.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let parser = Parser::new(Pseudonymizer::new(b"a key to measure with"), ParserSettings::default());
    // 2026-12-01T00:00:00Z
    let arrival = Arrival::Recorded { now: 1_796_083_200_000 };
    // Other work on the machine only ever adds time: the quickest pass is nearest to the cost itself.
    let mut best = Duration::MAX;
    let (mut events, mut refused) = (0u32, 0u32);
    for _ in 0..passes {
        let started = Instant::now();
        (events, refused) = (0, 0);
        for line in &lines {
            match parser.parse(line, "bench", arrival) {
                Ok(parsed) => {
                    std::hint::black_box(&parsed);
                    events += 1;
                }
                Err(_) => refused += 1,
            }
        }
        best = best.min(started.elapsed());
    }
    let each = best.as_nanos() as f64 / f64::from((events + refused).max(1));
    println!(
        "{events} events, {refused} refused, {each:.0} ns a record, {} bytes an event",
        size_of::<event::Event>()
    );
    Ok(())
}
