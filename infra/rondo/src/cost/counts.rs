//! What a counted run came to: the file that `rondo cost` reads.

use crate::cost::deployment::Bus;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;

const DEFAULT: &str = include_str!("../../../cost/visits-kinesis.json");

/// The counts of a run.
#[derive(Debug, Clone, Deserialize)]
pub struct RunCounts {
    /// What was played, for people to read.
    pub workload: String,
    pub bus: Bus,
    /// Events that were sent, those that came twice among them.
    pub events: f64,
    pub profile_writes: f64,
    /// By the function's name; of one with several event sources, `name/source`.
    pub functions: BTreeMap<String, FunctionCounts>,
    /// One invocation of a scheduled function that finds nothing to do.
    pub idle: BTreeMap<String, FunctionCounts>,
    /// Bytes of what the tables hold afterwards.
    pub table_bytes: f64,
    /// Bytes of what the lake holds afterwards.
    pub lake_bytes: f64,
}

/// What the invocations of one function came to.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct FunctionCounts {
    pub invocations: f64,
    /// Records, messages or requests that it was given.
    pub records: f64,
    /// CPU time of its own work, ms.
    pub cpu_ms: f64,
    pub calls: Vec<Calls>,
    /// How often it waited for a service.
    pub waits: BTreeMap<String, f64>,
}

/// The calls of one operation.
#[derive(Debug, Clone, Deserialize)]
pub struct Calls {
    pub service: String,
    pub operation: String,
    #[serde(default)]
    pub write_units: f64,
    #[serde(default)]
    pub read_units: f64,
    #[serde(default)]
    pub units: f64,
}

impl RunCounts {
    /// The counts that the program brings: visits, over Kinesis.
    pub fn built_in() -> Result<RunCounts> {
        RunCounts::read(DEFAULT).context("reading the built-in counts")
    }

    pub fn read(text: &str) -> Result<RunCounts> {
        let counts: RunCounts = serde_json::from_str(text)?;
        ensure!(counts.events > 0.0, "the counts are of no events: count a run of at least one");
        Ok(counts)
    }
}

impl FunctionCounts {
    /// The sum of something over calls.
    pub fn sum(&self, of: impl Fn(&Calls) -> f64) -> f64 {
        self.calls.iter().map(of).sum()
    }
}
