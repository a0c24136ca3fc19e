//! Metrics as lines of CloudWatch's embedded metric format.

use crate::variables::{AWS_LAMBDA_FUNCTION_NAME, METRICS_NAMESPACE};
use crate::{Environment, Failure};
use metrics_cloudwatch_embedded::{Builder, Collector};
use std::cell::Cell;
use std::io::{self, Write};

const NAMESPACE: &str = "Rondo";
/// The namespace that stands for no metrics at all: CloudWatch takes money for each.
const NONE: &str = "none";

/// Everything counted since the last line, and when that was written.
pub(super) struct MetricLines {
    collector: Option<&'static Collector>,
    /// The shortest time between two lines, ms.
    pub every: i64,
    /// UTC ms.
    written: Cell<i64>,
}

impl MetricLines {
    /// Collects what the process counts from now on.
    pub fn begin(environment: &Environment) -> Result<MetricLines, Failure> {
        let namespace = environment.optional(METRICS_NAMESPACE).unwrap_or_else(|| NAMESPACE.to_owned());
        let function = environment.required(AWS_LAMBDA_FUNCTION_NAME)?;
        let collector = match namespace.as_str() {
            NONE => None,
            _ => {
                let builder = Builder::new().cloudwatch_namespace(namespace);
                let built = builder.with_dimension("Function", function).init();
                Some(built.map_err(|error| io::Error::other(error.to_string()))?)
            }
        };
        Ok(MetricLines { collector, every: 0, written: Cell::new(i64::MIN) })
    }

    /// Writes a line where anything was counted and it is time for one; `now` is UTC ms. How many invocations
    /// there were, how long they took and how many failed, Lambda itself tells CloudWatch for nothing.
    pub fn invoked(&self, now: i64) {
        let Some(collector) = self.collector else { return };
        if now < self.written.get().saturating_add(self.every) {
            return;
        }
        let mut line = Vec::with_capacity(512);
        let told = collector.flush(&mut line).and_then(|()| io::stdout().lock().write_all(&line));
        if !line.is_empty() {
            self.written.set(now);
        }
        if let Err(error) = told {
            tracing::warn!(%error, "metrics could not be written");
        }
    }
}
