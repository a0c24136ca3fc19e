//! Counts what calls cost, from what is sent and answered.

mod counts;
mod dynamodb;
mod item_size;
mod messages;
mod objects;
mod tables;

pub use counts::{Counts, Row, Usage};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, Error,
    FinalizerInterceptorContextRef, Input, Output,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tables::Tables;

/// Counts the calls of a process and what AWS bills for them. Clones share their counts.
///
/// Units follow the published rules rather than what the service answers, so that an endpoint that stands in
/// for AWS gives the same counts. Throttled attempts cost nothing and are counted as attempts alone.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<(String, String, String), Usage>,
    flights: BTreeMap<String, Flight>,
    tables: Tables,
}

/// The calls to one service that are under way.
#[derive(Debug, Default)]
struct Flight {
    open: u64,
    most: u64,
    since_idle: u64,
    waits: u64,
}

/// What a call will have cost once it is known how it ended: by resource.
type Charges = Vec<(String, Usage)>;

/// A call on its way.
#[derive(Debug)]
struct Call {
    service: String,
    operation: String,
    plan: Plan,
    /// Ends the flight when the call is over or dropped.
    _flight: InFlight,
}

impl Storable for Call {
    type Storer = StoreReplace<Call>;
}

/// What is known of a call's cost from its input.
#[derive(Debug)]
enum Plan {
    Table(dynamodb::Plan),
    Charges(Charges),
}

impl Meter {
    /// A meter that knows that a table has a sparse index: items with `attribute` are in it, and writes of those
    /// are paid a second time.
    pub fn with_index(self, table: &str, attribute: &str) -> Meter {
        self.lock().tables.index(table, attribute);
        self
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let state = self.lock();
        let calls = state.rows.iter().map(|((service, operation, resource), usage)| Row {
            service: service.clone(),
            operation: operation.clone(),
            resource: resource.clone(),
            usage: *usage,
        });
        let waits = state.flights.iter().map(|(service, flight)| (service.clone(), flight.waits));
        Counts { calls: calls.collect(), waits: waits.collect() }
    }

    /// The items of a table that the process wrote or read, as they were then.
    pub fn held(&self, table: &str) -> Usage {
        self.lock().tables.held(table)
    }

    /// Begins at nothing again. What is known of the items in tables stays known.
    pub fn reset(&self) {
        let mut state = self.lock();
        state.rows.clear();
        for flight in state.flights.values_mut() {
            flight.waits = 0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, metadata: &Metadata, input: &Input) -> Call {
        let mut state = self.lock();
        let plan = match dynamodb::Plan::of(input, &mut state.tables) {
            Some(plan) => Plan::Table(plan),
            None => Plan::Charges(
                messages::charges(input)
                    .or_else(|| objects::charges(input))
                    .unwrap_or_else(|| vec![(String::new(), Usage { units: 1, ..Usage::default() })]),
            ),
        };
        let service = metadata.service().to_owned();
        let flight = state.flights.entry(service.clone()).or_default();
        flight.open += 1;
        flight.since_idle += 1;
        flight.most = flight.most.max(flight.open);
        let flight = InFlight { meter: self.clone(), service: service.clone() };
        Call { service, operation: metadata.name().to_owned(), plan, _flight: flight }
    }

    fn attempt(&self, call: &Call) {
        let resource = match &call.plan {
            Plan::Table(plan) => plan.resource(),
            Plan::Charges(charges) => charges.first().map(|(resource, _)| resource.as_str()),
        };
        self.lock().row(call, resource.unwrap_or_default()).attempts += 1;
    }

    fn end(&self, call: &Call, answer: Option<Result<&Output, &Error>>) {
        let state = &mut *self.lock();
        let failed = !matches!(answer, Some(Ok(_)));
        let mut charges = match &call.plan {
            Plan::Table(plan) => plan.charges(answer, &mut state.tables),
            Plan::Charges(_) if failed => Vec::new(),
            Plan::Charges(charges) => match answer {
                Some(Ok(output)) => messages::less_failed(charges, output),
                _ => charges.clone(),
            },
        };
        if charges.is_empty() {
            let resource = match &call.plan {
                Plan::Table(plan) => plan.resource().unwrap_or_default().to_owned(),
                Plan::Charges(charges) => charges.first().map(|charge| charge.0.clone()).unwrap_or_default(),
            };
            charges.push((resource, Usage::default()));
        }
        for (at, (resource, mut usage)) in charges.into_iter().enumerate() {
            // A transaction over two tables is one call.
            usage.calls += u64::from(at == 0);
            usage.failures += u64::from(at == 0 && failed);
            state.row(call, &resource).add(usage);
        }
    }
}

impl State {
    fn row(&mut self, call: &Call, resource: &str) -> &mut Usage {
        self.rows.entry((call.service.clone(), call.operation.clone(), resource.to_owned())).or_default()
    }
}

/// Marks a call as under way while it lives.
#[derive(Debug)]
struct InFlight {
    meter: Meter,
    service: String,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(flight) = self.meter.lock().flights.get_mut(&self.service) {
            flight.open -= 1;
            if flight.open == 0 {
                // So many calls, so many at once: that often one waits for the one before.
                flight.waits += flight.since_idle.div_ceil(flight.most.max(1));
                flight.since_idle = 0;
                flight.most = 0;
            }
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "meter"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = cfg.load::<Metadata>().cloned() {
            let call = self.begin(&metadata, context.input());
            cfg.interceptor_state().store_put(call);
        }
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = cfg.load::<Call>() {
            self.attempt(call);
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = cfg.load::<Call>() {
            let answer = match context.output_or_error() {
                Some(Ok(output)) => Some(Ok(output)),
                Some(Err(error)) => error.as_operation_error().map(Err),
                None => None,
            };
            self.end(call, answer);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
