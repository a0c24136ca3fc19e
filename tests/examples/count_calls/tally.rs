//! What each function came to.

use aws::{Aws, Meter};
use rondo::cpu_time;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

/// The tallies of all functions, by name.
#[derive(Default)]
pub struct Tallies(RefCell<BTreeMap<&'static str, Rc<Tally>>>);

/// One function: its meter, and its invocations.
#[derive(Default)]
pub struct Tally {
    pub meter: Meter,
    invocations: RefCell<Invocations>,
}

#[derive(Default)]
struct Invocations {
    count: u64,
    records: u64,
    cpu: Duration,
}

impl Tallies {
    /// The tally of a function, begun at its first mention.
    pub fn of(&self, name: &'static str) -> Rc<Tally> {
        self.0.borrow_mut().entry(name).or_default().clone()
    }

    /// A connection whose calls are counted for a function.
    pub async fn aws(&self, name: &'static str, endpoint: &str) -> Aws {
        Aws::local(endpoint, Some(self.of(name).meter.clone())).await
    }

    /// Begins at nothing again.
    pub fn reset(&self) {
        for tally in self.0.borrow().values() {
            tally.meter.reset();
            tally.invocations.take();
        }
    }

    /// In the form that `rondo cost` reads.
    pub fn to_json(&self) -> Value {
        let tallies = self.0.borrow();
        let all: Map<String, Value> =
            tallies.iter().map(|(name, tally)| ((*name).to_owned(), tally.to_json())).collect();
        all.into()
    }
}

impl Tally {
    /// Counts one invocation and its CPU time.
    pub async fn invoke<T>(&self, records: usize, work: impl Future<Output = T>) -> T {
        let before = cpu_time();
        let result = work.await;
        let mut invocations = self.invocations.borrow_mut();
        invocations.count += 1;
        invocations.records += records as u64;
        invocations.cpu += cpu_time().saturating_sub(before);
        result
    }

    fn to_json(&self) -> Value {
        let invocations = self.invocations.borrow();
        let counts = self.meter.counts();
        json!({
            "invocations": invocations.count,
            "records": invocations.records,
            "cpu_ms": (invocations.cpu.as_secs_f64() * 1e6).round() / 1e3,
            "waits": counts.waits,
            "calls": counts.calls,
        })
    }
}
