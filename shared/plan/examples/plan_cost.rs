//! What it costs to hold records against the plan that is built in:
//! `cargo run --profile profiling -p rondo-plan --example plan_cost -- FILE [PASSES]`, one JSON object a line.

use event::{Arrival, Parser, ParserSettings, Pseudonymizer, TrackingPlan};
use plan::{OnViolation, PlanBuilder, PlanSettings};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a file of records, one JSON object a line")?;
    let passes: u32 = arguments.next().map_or(Ok(5), |n| n.parse())?;
    let records = std::fs::read(path)?;
    let lines: Vec<&[u8]> = records.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let settings = |built_in| PlanSettings { built_in, ..PlanSettings::default() };
    for (name, built_in) in [("no plan", None), ("the plan built in", Some(OnViolation::Warn))] {
        let plan =
            PlanBuilder::new(settings(built_in)).build().map(|plan| Arc::new(plan) as Arc<dyn TrackingPlan>);
        let parser =
            Parser::new(Pseudonymizer::new(b"measure"), ParserSettings { plan, ..Default::default() });
        // 2026-12-01T00:00:00Z
        let arrival = Arrival::Recorded { now: 1_796_083_200_000 };
        // Other work on the machine only ever adds time: the quickest pass is nearest to the cost itself.
        let (mut best, mut marked) = (Duration::MAX, 0u32);
        for _ in 0..passes {
            let started = Instant::now();
            marked = 0;
            for line in &lines {
                let parsed = parser.parse(line, "bench", arrival);
                marked += u32::from(parsed.is_ok_and(|parsed| parsed.event.marks.is_some()));
            }
            best = best.min(started.elapsed());
        }
        let each = best.as_nanos() as f64 / lines.len().max(1) as f64;
        println!("{name}: {each:.0} ns a record, {marked} of {} with notes", lines.len());
    }
    Ok(())
}
