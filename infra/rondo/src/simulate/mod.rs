//! `rondo simulate`: made-up records that behave like people in a shop; the same for the same seed.

mod random;
mod record;
mod scattered;
mod visits;

pub use random::Random;
pub use record::{Action, Record};
pub use scattered::{ScatteredSettings, scattered};
pub use visits::{VisitSettings, history, visits};

use anyhow::{Context, Result};
use campaign::parse_duration;
use clap::{Args, Subcommand};
use std::io::{BufWriter, ErrorKind, Write, stdout};

#[derive(Debug, Subcommand)]
pub enum Simulate {
    /// Visits to a shop, half of them of at most 8 events some 20 seconds apart, one record a line
    Visits(VisitsArgs),
    /// Events of people drawn one by one, with no visits: 20 a second, one in eight an order
    Scattered(ScatteredArgs),
}

#[derive(Debug, Args)]
pub struct VisitsArgs {
    /// How many events
    #[arg(long)]
    events: usize,
    /// The same seed gives the same records
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Over how long visits begin, like 1d, 8h or 9m
    #[arg(long, default_value = "1d", value_parser = duration)]
    span: i64,
    /// How long a sender gathers events before it sends them; 0s sends each at once
    #[arg(long, default_value = "30s", value_parser = duration)]
    flush: i64,
    /// Print the visits of a week before by those who come back, instead
    #[arg(long)]
    history: bool,
}

#[derive(Debug, Args)]
pub struct ScatteredArgs {
    /// How many different events; one in a hundred comes twice
    #[arg(long)]
    events: usize,
    /// How many users they are drawn from
    #[arg(long, default_value_t = 2_000)]
    people: usize,
    /// The same seed gives the same records
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// Prints the records.
pub fn simulate(what: &Simulate) -> Result<()> {
    let defaults = VisitSettings::default();
    let records = match what {
        Simulate::Visits(VisitsArgs { events, seed, span, flush, history: before }) => {
            let settings =
                VisitSettings { events: *events, seed: *seed, span: *span, flush: *flush, ..defaults };
            if *before { history(&settings) } else { visits(&settings) }
        }
        Simulate::Scattered(ScatteredArgs { events, people, seed }) => {
            let (events, people, seed) = (*events, *people, *seed);
            scattered(&ScatteredSettings { events, people, seed, start: defaults.start })
        }
    };
    match print(&records) {
        // Whoever reads has enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("printing the records"),
    }
}

fn print(records: &[Record]) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, stdout().lock());
    for record in records {
        writeln!(out, "{}", record.to_json())?;
    }
    out.flush()
}

fn duration(text: &str) -> Result<i64, String> {
    match text {
        "0" | "0s" => Ok(0),
        _ => parse_duration(text)
            .ok_or_else(|| format!("`{text}` is no time span; write one like 30s, 8h or 1d")),
    }
}
