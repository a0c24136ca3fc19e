//! `rondo invoke`: a function's own handler with the event that Lambda would send it.

mod functions;
mod objects;

use crate::commands::DataFolder;
use crate::commands::say::say;
use crate::commands::write_keys::{Keys, WriteKeyArgs};
use crate::installation::{Installation, clock};
use anyhow::{Context, Result, bail};
use clap::Args;
use event::parse_time;
use lambda::Invocation;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The key that the sample invocations carry.
const SAMPLE_KEY: &str = "demo-key";

#[derive(Debug, Args)]
#[command(after_long_help = "\
Objects that an S3 notification names are read from DIR/inbox/<bucket>/<key>; rows under a folder NAME/ are read by \
the mapping NAME of the configuration. The answer is printed as JSON. Like on Lambda, one function runs, and those \
behind it do not, except that what it puts on the bus is taken in, and timers that it fires are followed up.")]
pub struct InvokeArgs {
    /// collect-events, import-data, update-profiles, archive-events, evaluate-triggers, fire-timers, run-campaigns,
    /// deliver-messages, build-reports, honor-privacy, or decide-experience
    function: String,
    /// A file with the event: samples are in events/FUNCTION/
    event: PathBuf,
    /// The time to take for now, for example 2026-11-22T10:00:00Z; the clock's where it is not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// For collect-events and decide-experience; demo-key, as in the samples, where none is given
    #[command(flatten)]
    write_keys: WriteKeyArgs,
    #[command(flatten)]
    data: DataFolder,
}

/// What a handler works with.
struct Call<'i> {
    installation: &'i Installation,
    event: &'i Invocation,
    now: i64,
    write_keys: Keys,
}

type Handler = fn(Call<'_>) -> Result<Value>;

/// The functions, by the order of the loop.
const FUNCTIONS: [(&str, Handler); 11] = [
    ("collect-events", functions::collect_events),
    ("import-data", functions::import_data),
    ("update-profiles", functions::update_profiles),
    ("archive-events", functions::archive_events),
    ("evaluate-triggers", functions::evaluate_triggers),
    ("fire-timers", functions::fire_timers),
    ("run-campaigns", functions::run_campaigns),
    ("deliver-messages", functions::deliver_messages),
    ("build-reports", functions::build_reports),
    ("honor-privacy", functions::honor_privacy),
    ("decide-experience", functions::decide_experience),
];

/// Invokes a function and prints its answer.
pub fn invoke(args: &InvokeArgs) -> Result<()> {
    let Some((_, handler)) = FUNCTIONS.iter().find(|(name, _)| *name == args.function) else {
        let names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
        bail!("there is no function `{}`; functions are: {}", args.function, names.join(", "));
    };
    let shown = args.event.display();
    let text = fs::read_to_string(&args.event).with_context(|| format!("reading {shown}"))?;
    let event = Invocation::parse(&text).with_context(|| format!("{shown} is not JSON"))?;
    let now = match &args.at {
        Some(at) => parse_time(at)
            .with_context(|| format!("`{at}` is no time; write one like 2026-11-22T10:00:00Z"))?,
        None => clock(),
    };
    let mut write_keys = args.write_keys.read()?;
    if write_keys.is_empty() {
        write_keys = Keys::one(SAMPLE_KEY);
    }
    let mut installation = Installation::open(&args.data.path)?;
    installation.pump.catch_up(now)?;
    let answer = handler(Call { installation: &installation, event: &event, now, write_keys });
    installation.pump.catch_up(now)?;
    installation.pump.fire(now)?;
    installation.close()?;
    say(&serde_json::to_string_pretty(&answer?)?);
    Ok(())
}
