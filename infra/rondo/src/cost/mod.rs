//! `rondo cost`: what a deployment on AWS costs, from the counted calls of a run and a list of prices.

mod bill;
mod counts;
mod deployment;
mod month;
mod prices;

pub use prices::Prices;

#[cfg(test)]
mod tests;

use anyhow::{Context, Result};
use bill::{Bill, Line};
use clap::Args;
use counts::RunCounts;
use deployment::Deployment;
use month::month;
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Write as _, stdout};
use std::path::PathBuf;

/// The months that are reckoned, by their events.
const MONTHS: [f64; 3] = [0.0, 1e6, 100e6];

#[derive(Debug, Args)]
pub struct CostArgs {
    /// Counts of a run; those of visits over Kinesis where none are given
    #[arg(long, value_name = "FILE")]
    counts: Option<PathBuf>,
    /// A list of prices; us-east-1 where none is given
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the bill of a month with 0, 1 and 100 million events.
pub fn cost(args: &CostArgs) -> Result<()> {
    let counts = match &args.counts {
        Some(path) => RunCounts::read(&read(path)?).with_context(|| format!("reading {}", path.display()))?,
        None => RunCounts::built_in()?,
    };
    let prices = match &args.prices {
        Some(path) => Prices::read(&read(path)?).with_context(|| format!("reading {}", path.display()))?,
        None => Prices::built_in()?,
    };
    let deployment = Deployment::built_in()?;
    let bills = MONTHS
        .iter()
        .map(|events| Bill::of(*events, &month(&counts, &deployment, *events)?, &prices))
        .collect::<Result<Vec<_>>>()?;
    let writes = counts.profile_writes / counts.events;
    let out = match args.json {
        true => {
            let month = |bill: &Bill| {
                let (all, beyond_free) = (bill.per_million(), bill.per_million_beyond_free());
                json!({"bill": bill, "per_million": all, "per_million_beyond_free": beyond_free})
            };
            let result = json!({
                "workload": counts.workload,
                "profile_writes_per_event": writes,
                "region": prices.region,
                "prices_of": prices.date,
                "months": bills.iter().map(month).collect::<Vec<_>>(),
            });
            format!("{result}\n")
        }
        false => {
            let Prices { region, date, .. } = &prices;
            let head = format!(
                "{}\n{writes:.3} profile writes an event. Prices of {region} on {date}, without taxes.\n",
                counts.workload
            );
            bills.iter().fold(head, |out, bill| out + &text(bill))
        }
    };
    match stdout().lock().write_all(out.as_bytes()) {
        // Whoever reads has enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("printing the bill"),
    }
}

fn read(path: &PathBuf) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("opening {}", path.display()))
}

/// A bill as people read it: its lines, dearest first, and what they come to.
fn text(bill: &Bill) -> String {
    let mut out = String::new();
    let mut lines: Vec<&Line> = bill.lines.iter().collect();
    lines.sort_by(|a, b| b.dollars.total_cmp(&a.dollars));
    // Writing to a string does not fail.
    let _ = writeln!(out, "\nA month with {} events", grouped(bill.events));
    for line in lines {
        let Line { what, quantity, unit, price, per, dollars } = line;
        let per = if *per == 1.0 { String::new() } else { format!("{} × ", grouped(*per)) };
        let quantity = if *quantity < 10.0 { format!("{quantity:.3}") } else { grouped(*quantity) };
        let _ = writeln!(out, "  {dollars:>9.3}  {what:<52} {quantity:>14}  at ${price} for {per}{unit}");
    }
    let _ = writeln!(out, "  {:>9.3}  altogether, in US dollars", bill.dollars);
    let _ =
        writeln!(out, "  {:>9.3}  beyond what every account has free each month", bill.dollars_beyond_free);
    if let (Some(all), Some(beyond_free)) = (bill.per_million(), bill.per_million_beyond_free()) {
        let mail = bill.mail_dollars;
        let _ = writeln!(out, "  {all:>9.3}  for each million events, mail apart (${mail:.3})");
        let _ =
            writeln!(out, "  {beyond_free:>9.3}  for each million events beyond what is free, mail apart");
    }
    out
}

/// A number in whole units, its thousands apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
