//! From the counts of a run to the quantities of a month.

use crate::cost::counts::{Calls, FunctionCounts, RunCounts};
use crate::cost::deployment::{Bus, Deployment, Function, Invoked};
use anyhow::{Context, Result};

/// The memory at which a function has a whole processor, MB.
const WHOLE_PROCESSOR: f64 = 1_769.0;

/// How much of an item a month takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// What it is, for people to read.
    pub what: String,
    /// The item of the price list.
    pub item: &'static str,
    pub quantity: f64,
}

/// The quantities of a month with so many events.
pub fn month(counts: &RunCounts, deployment: &Deployment, events: f64) -> Result<Vec<Quantity>> {
    let mut month = Month { counts, deployment, share: events / counts.events, lines: Vec::new() };
    let mut logs = 0.0;
    let mut metrics = 0.0;
    let mut config_reads = 0.0;
    for (name, function) in &deployment.functions {
        let invocations = month.function(name, function)?;
        let minutes = deployment.seconds() / 60.0;
        // Those that find nothing to do have nothing to tell.
        let busy = match function.invoked_by {
            Invoked::Schedule => month.run_invocations(name).min(invocations),
            _ => invocations,
        };
        // A process writes its line with the first invocation of each period.
        let lines = match function.line_every_s {
            0.0 => busy,
            every => busy.min(deployment.seconds() / every),
        };
        if deployment.metric_lines {
            logs += lines * deployment.log_line_bytes / 1e9;
            metrics += if busy > 0.0 { function.metrics } else { 0.0 };
        }
        config_reads += if function.config { invocations.min(minutes) } else { 0.0 };
    }
    month.bus(events);
    month.polling();
    month.add("configuration, looked at again once a minute", "s3_gets", config_reads);
    month.add("tables, after a month", "dynamodb_storage", month.share * counts.table_bytes / 1e9);
    month.add(
        "backups of the tables, after a month",
        "dynamodb_recovery",
        month.share * counts.table_bytes / 1e9,
    );
    month.add("lake, after a month", "s3_storage", month.share * counts.lake_bytes / 1e9);
    let tables =
        if events > 0.0 { deployment.key_requests.busy_tables } else { deployment.key_requests.idle_tables };
    let key_requests = tables * deployment.seconds() / deployment.key_requests.every_s;
    month.add("keys of encrypted tables", "kms_requests", key_requests);
    month.add("lines of metrics in logs", "logs_ingested", logs);
    month.add("metrics of functions that run", "metrics", metrics);
    month.add("alarms", "alarms", deployment.alarms.get(&counts.bus).copied().unwrap_or_default());
    month.add("keys of hashes and of the vault", "secrets", deployment.secrets);
    month.add("key that wraps data keys", "kms_keys", deployment.kms_keys);
    Ok(month.lines)
}

struct Month<'a> {
    counts: &'a RunCounts,
    deployment: &'a Deployment,
    /// How often the run fits into the month.
    share: f64,
    lines: Vec<Quantity>,
}

impl Month<'_> {
    fn add(&mut self, what: impl Into<String>, item: &'static str, quantity: f64) {
        if quantity > 0.0 {
            self.lines.push(Quantity { what: what.into(), item, quantity });
        }
    }

    /// Adds what a function takes; returns how often it is invoked.
    fn function(&mut self, name: &str, function: &Function) -> Result<f64> {
        let nothing = FunctionCounts::default();
        let run = self.counts.functions.get(name).unwrap_or(&nothing);
        let idle = self.counts.idle.get(name).unwrap_or(&nothing);
        let invocations = self.invocations(name, function, run);
        // What one invocation takes whether there is anything to do or not, and what the events take beyond that.
        let scale = |of: &dyn Fn(&FunctionCounts) -> f64| {
            let each = of(idle) / idle.invocations.max(1.0);
            invocations * each + self.share * (of(run) - run.invocations * each).max(0.0)
        };
        // A batch of fewer events waits as often as one of the run at most.
        let per_batch =
            |of: &dyn Fn(&FunctionCounts) -> f64| invocations * of(run) / run.invocations.max(1.0);
        let is_window = function.invoked_by == Invoked::Window;
        let waits = |of: &dyn Fn(&FunctionCounts) -> f64| {
            if is_window { scale(of).max(per_batch(of)) } else { scale(of) }
        };
        // A batch is one file, however many events are in it.
        let objects = |of: &dyn Fn(&FunctionCounts) -> f64| if is_window { per_batch(of) } else { scale(of) };
        let mut waiting_ms = 0.0;
        for service in run.waits.keys().chain(idle.waits.keys()).collect::<std::collections::BTreeSet<_>>() {
            let latency = self.deployment.latency_ms.get(service);
            let latency = latency.with_context(|| format!("the deployment names no latency of {service}"))?;
            waiting_ms += latency * waits(&|counts| counts.waits.get(service).copied().unwrap_or_default());
        }
        let cpu_ms = scale(&|counts| counts.cpu_ms) * (WHOLE_PROCESSOR / function.memory_mb).max(1.0);
        // Time is billed by started milliseconds.
        let gb_seconds = (cpu_ms + waiting_ms + invocations / 2.0) / 1e3 * function.memory_mb / 1024.0;
        let of = |service: &'static str, units: fn(&Calls) -> f64| {
            move |counts: &FunctionCounts| {
                counts.sum(|calls| if calls.service == service { units(calls) } else { 0.0 })
            }
        };
        let puts =
            |counts: &FunctionCounts| counts.sum(|calls| if is_put(calls) { calls.units } else { 0.0 });
        let gets =
            |counts: &FunctionCounts| counts.sum(|calls| if is_get(calls) { calls.units } else { 0.0 });
        let lines = [
            ("invocations", "lambda_requests", invocations),
            ("time", "lambda_gb_seconds", gb_seconds),
            ("writes", "dynamodb_writes", scale(&of("DynamoDB", |calls| calls.write_units))),
            ("reads", "dynamodb_reads", scale(&of("DynamoDB", |calls| calls.read_units))),
            ("records put", "kinesis_put_units", scale(&of("Kinesis", |calls| calls.units))),
            ("published", "sns_publishes", scale(&of("SNS", |calls| calls.units))),
            ("messages sent", "sqs_requests", scale(&of("SQS", |calls| calls.units))),
            ("objects put", "s3_puts", objects(&puts)),
            ("objects read", "s3_gets", objects(&gets)),
            ("data keys", "kms_requests", scale(&of("KMS", |calls| calls.units))),
            ("mail", "mails", scale(&of("SESv2", |calls| calls.units))),
        ];
        for (what, item, quantity) in lines {
            self.add(format!("{name}: {what}"), item, quantity);
        }
        Ok(invocations)
    }

    /// The invocations of the run, as often as it fits into the month.
    fn run_invocations(&self, name: &str) -> f64 {
        self.share * self.counts.functions.get(name).map_or(0.0, |counts| counts.invocations)
    }

    fn invocations(&self, name: &str, function: &Function, run: &FunctionCounts) -> f64 {
        let records = self.share * run.records;
        match function.invoked_by {
            Invoked::Events => self.share * run.invocations,
            Invoked::Schedule => self.deployment.seconds() / function.every_s,
            Invoked::Window => {
                let consumers = self.deployment.consumers(name, self.counts.bus);
                let windows = consumers * self.deployment.seconds() / function.window_s;
                records.min(windows.max(records / function.batch))
            }
        }
    }

    fn bus(&mut self, events: f64) {
        if self.counts.bus == Bus::Kinesis {
            let hours = self.deployment.kinesis.shards * self.deployment.hours;
            self.add("the bus, whether it carries anything or not", "kinesis_shard_hours", hours);
        } else if events > 0.0 {
            // One delivery to each of the two queues is received by itself at worst, and deleted with nine others.
            let messages: f64 = ["update-profiles", "archive-events"]
                .iter()
                .filter_map(|name| self.counts.functions.get(*name))
                .map(|counts| counts.records)
                .sum();
            self.add("the bus: messages received and deleted", "sqs_requests", self.share * messages * 1.1);
        }
    }

    fn polling(&mut self) {
        let queues = self.deployment.queues.get(&self.counts.bus).map_or(0, Vec::len) as f64;
        let polls = self.deployment.queue.pollers * self.deployment.seconds() / self.deployment.queue.poll_s;
        self.add(format!("Lambda's polls of {queues} queues"), "sqs_requests", queues * polls);
    }
}

fn is_put(calls: &Calls) -> bool {
    calls.service == "S3" && (calls.operation.starts_with("Put") || calls.operation.starts_with("List"))
}

fn is_get(calls: &Calls) -> bool {
    calls.service == "S3" && !is_put(calls)
}
