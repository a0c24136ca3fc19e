//! Plays a workload through the functions on the adapters of AWS, against an endpoint that stands in for it, and
//! prints what was called and what AWS would bill for it: what `rondo cost` reads.
//!
//!     cargo run --release -p rondo-tests --example count_calls -- visits --bus kinesis --events 20000
//!
//! Functions get what Lambda would hand them, in simulated time, with the batches and windows of the template. Each
//! has a connection of its own, as its process would.

mod deployed;
mod play;
mod recorded;
mod tally;

use anyhow::{Context, Result, bail, ensure};
use deployed::Deployed;
use play::Play;
use rondo::simulate::{Record, ScatteredSettings, VisitSettings, history, scattered, visits};
use rondo_tests::input;
use serde_json::{Value, json};

/// What to play.
pub struct Options {
    workload: String,
    pub kinesis: bool,
    events: usize,
    seed: u64,
    /// How long senders gather events, ms.
    flush: i64,
    /// The month whose rate of events is played.
    per_month: f64,
    /// How long events are gathered before profiles are written, ms.
    pub window: i64,
    /// The one campaign that is live, by its name among those of the sample shop; none for `none`.
    pub campaign: String,
}

/// A month, ms.
const MONTH: f64 = 730.0 * 3_600_000.0;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::read(std::env::args().skip(1))?;
    let (before, records) = options.records()?;
    let deployed = Deployed::make(&options).await?;
    let mut play = Play::new(&deployed, options.window);
    let begins = records.first().map_or(0, |record| record.received_at);
    play.idle_minute(begins).await?;
    // What was there before is not counted.
    play.all(&before).await?;
    deployed.tallies.reset();
    deployed.people.take_writes();
    deployed.journeys.take_writes();
    let held = deployed.table_bytes();
    play.all(&records).await?;
    let functions = deployed.tallies.to_json();
    let count = |path: &str| functions.pointer(path).and_then(Value::as_u64).unwrap_or_default();
    ensure!(count("/collect-events/invocations") > 0, "nothing was played");
    let counts = json!({
        "workload": options.to_string(),
        "command": format!("count_calls {}", std::env::args().skip(1).collect::<Vec<_>>().join(" ")),
        "bus": if options.kinesis { "kinesis" } else { "sqs" },
        "events": records.len(),
        "profile_writes": deployed.people.take_writes(),
        "journey_writes": deployed.journeys.take_writes(),
        "functions": functions,
        "idle": deployed.idle.to_json(),
        "table_bytes": deployed.table_bytes().saturating_sub(held),
        "lake_bytes": deployed.lake_bytes(),
    });
    println!("{}", serde_json::to_string_pretty(&counts)?);
    Ok(())
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options> {
        let workload = arguments.next().context("name a workload: visits or scattered")?;
        let mut options = Options {
            workload,
            kinesis: true,
            events: 20_000,
            seed: 1,
            flush: 30_000,
            per_month: 100e6,
            window: 60_000,
            campaign: "none".into(),
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--bus" if value == "kinesis" || value == "sqs" => options.kinesis = value == "kinesis",
                "--events" => options.events = value.parse()?,
                "--seed" => options.seed = value.parse()?,
                "--flush-ms" => options.flush = value.parse()?,
                "--per-month" => options.per_month = value.parse()?,
                "--window-s" => options.window = value.parse::<i64>()? * 1_000,
                "--campaign" => options.campaign = value,
                _ => bail!(
                    "{name} {value} is no option; there are --bus kinesis|sqs, --events, --seed, --flush-ms, --per-month, --window-s, --campaign"
                ),
            }
        }
        Ok(options)
    }

    /// What was before, and what is counted.
    fn records(&self) -> Result<(Vec<Record>, Vec<Record>)> {
        let (events, seed) = (self.events, self.seed);
        let start = VisitSettings::default().start;
        match self.workload.as_str() {
            "visits" => {
                let span = (MONTH * events as f64 / self.per_month) as i64;
                let settings = VisitSettings { events, seed, span, flush: self.flush, start };
                Ok((history(&settings), visits(&settings)))
            }
            // The comparison workload has a person to ten events, and a rate of its own.
            "scattered" => Ok((
                Vec::new(),
                scattered(&ScatteredSettings { events, people: events / 10, seed: 7, start }),
            )),
            other => bail!("there is no workload `{other}`; there are visits and scattered"),
        }
    }
}

impl std::fmt::Display for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bus = if self.kinesis { "Kinesis" } else { "SNS and SQS" };
        match self.workload.as_str() {
            "visits" => write!(f, "Visits, {} million events a month", self.per_month / 1e6)?,
            _ => write!(f, "Comparison workload: no visits, 20 events a second")?,
        }
        match (self.workload.as_str(), self.flush) {
            ("visits", 1..) => write!(f, ", senders gather events for {} s", self.flush / 1_000)?,
            _ => write!(f, ", one event a request")?,
        }
        write!(
            f,
            ", over {bus}, profiles written after {} s, campaign: {}",
            self.window / 1_000,
            self.campaign
        )
    }
}
