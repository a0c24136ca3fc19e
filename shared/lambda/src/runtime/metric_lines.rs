//! Metrics as lines of CloudWatch's embedded metric format.

use crate::variables::{AWS_LAMBDA_FUNCTION_NAME, METRICS_NAMESPACE};
use crate::{Environment, Failure};
use metrics_cloudwatch_embedded::{Builder, Collector};
use std::cell::Cell;
use std::io::{self, Write};
use std::time::Duration;

const NAMESPACE: &str = "Rondo";
/// How many durations a line may hold.
const DURATIONS: u32 = 100;

/// Everything counted since the last line, and when that was written.
pub(super) struct MetricLines {
    collector: &'static Collector,
    /// The shortest time between two lines, ms.
    pub every: i64,
    /// UTC ms.
    written: Cell<i64>,
    durations: Cell<u32>,
}

impl MetricLines {
    /// Collects what the process counts from now on.
    pub fn begin(environment: &Environment) -> Result<MetricLines, Failure> {
        let namespace = environment.optional(METRICS_NAMESPACE).unwrap_or_else(|| NAMESPACE.to_owned());
        let function = environment.required(AWS_LAMBDA_FUNCTION_NAME)?;
        let builder = Builder::new().cloudwatch_namespace(namespace).with_dimension("Function", function);
        let collector = builder.init().map_err(|error| io::Error::other(error.to_string()))?;
        metrics::describe_histogram!("Duration", metrics::Unit::Milliseconds, "how long an invocation took");
        Ok(MetricLines { collector, every: 0, written: Cell::new(i64::MIN), durations: Cell::new(0) })
    }

    /// Counts an invocation that ended at `now` (UTC ms), and writes a line where it is time for one. The first
    /// invocation always has one.
    pub fn invoked(&self, now: i64, took: Duration) {
        metrics::counter!("Invocations").increment(1);
        if self.durations.get() < DURATIONS {
            self.durations.set(self.durations.get() + 1);
            metrics::histogram!("Duration").record(took.as_secs_f64() * 1e3);
        }
        if now >= self.written.get().saturating_add(self.every) {
            self.written.set(now);
            self.durations.set(0);
            let mut lines = Vec::with_capacity(512);
            let told = self.collector.flush(&mut lines).and_then(|()| io::stdout().lock().write_all(&lines));
            if let Err(error) = told {
                tracing::warn!(%error, "metrics could not be written");
            }
        }
    }
}
