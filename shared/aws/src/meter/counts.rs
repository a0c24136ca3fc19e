//! What was counted.

use serde::Serialize;
use std::collections::BTreeMap;

/// Calls and billed units since the meter was made, or reset.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Counts {
    /// In order of service, operation and resource.
    pub calls: Vec<Row>,
    /// How often a process waited for a service, calls in flight together counting as one wait: round trips
    /// that take time one after another.
    pub waits: BTreeMap<String, u64>,
}

/// The calls of one operation on one resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Row {
    /// As the SDK calls it: `DynamoDB`, `Kinesis`, `SQS`, …
    pub service: String,
    pub operation: String,
    /// The table, stream, queue, topic or bucket; empty where a call names none.
    pub resource: String,
    #[serde(flatten)]
    pub usage: Usage,
}

/// What the calls came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Calls as the program made them.
    pub calls: u64,
    /// Calls as they went over the network: repeats count too.
    pub attempts: u64,
    /// Calls that ended in an error, failed conditions among them.
    pub failures: u64,
    /// Items, records, messages or objects.
    pub items: u64,
    /// Their bytes, as the service reckons them.
    pub bytes: u64,
    /// DynamoDB's write request units.
    pub write_units: u64,
    /// DynamoDB's read request units.
    pub read_units: f64,
    /// What other services bill: payload units of 25 KB (Kinesis), requests of 64 KB (SQS, SNS), requests
    /// (S3, Secrets Manager), messages (SES).
    pub units: u64,
}

impl Usage {
    /// Adds another's counts.
    pub fn add(&mut self, other: Usage) {
        self.calls += other.calls;
        self.attempts += other.attempts;
        self.failures += other.failures;
        self.items += other.items;
        self.bytes += other.bytes;
        self.write_units += other.write_units;
        self.read_units += other.read_units;
        self.units += other.units;
    }
}

impl Counts {
    /// The usage of all rows of a service and operation on a resource; an empty name stands for all.
    pub fn sum(&self, service: &str, operation: &str, resource: &str) -> Usage {
        let is = |wanted: &str, name: &str| wanted.is_empty() || wanted == name;
        let mut sum = Usage::default();
        for row in &self.calls {
            if is(service, &row.service) && is(operation, &row.operation) && is(resource, &row.resource) {
                sum.add(row.usage);
            }
        }
        sum
    }
}
