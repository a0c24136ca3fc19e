//! The loop over invocations.

use super::logs;
use super::metric_lines::MetricLines;
use crate::{Environment, Failure, Invocation};
use event::MINUTE;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::Instrument;

/// A function whose logs and metrics are set up.
pub struct Function {
    metrics: MetricLines,
}

/// Sets up logs and metrics, by the variables that Lambda sets: the first thing that a function's `main` does.
/// `function` is the name of its crate, `env!("CARGO_CRATE_NAME")`.
pub fn start(function: &str, environment: &Environment) -> Result<Function, Failure> {
    logs::begin(function, environment);
    Ok(Function { metrics: MetricLines::begin(environment)? })
}

impl Function {
    /// Writes metrics at most once a minute, for a function that is invoked for each request. What was counted
    /// after a process's last line is lost with it.
    pub fn with_metrics_each_minute(mut self) -> Function {
        self.metrics.every = MINUTE;
        self
    }

    /// Answers invocations for as long as the process lives. The handler is given the event and the time, UTC ms;
    /// what it fails with is logged once, and is the error that Lambda sees. A panic is such an error too.
    pub async fn serve(
        self,
        handler: impl AsyncFn(Invocation, i64) -> Result<Value, Failure>,
    ) -> Result<(), Failure> {
        let (metrics, handler) = (&self.metrics, &handler);
        let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
            let span = tracing::info_span!("invocation", request_id = event.context.request_id);
            let answer = async move {
                // On the heap: nested in each other, the futures of SDK and runtime pass the compiler's limits.
                let work = Box::pin(handler(Invocation::new(event.payload), now()));
                let answered = unwound(work).await;
                if let Err(failure) = &answered {
                    tracing::error!(kind = failure.kind(), "{failure}");
                }
                metrics.invoked(now());
                answered
            };
            answer.instrument(span)
        });
        Runtime::new(service).run().await.map_err(|error| std::io::Error::other(error).into())
    }
}

/// A panic is logged where it happens; what is said of it here holds no data.
#[derive(Debug, thiserror::Error)]
#[error("the function panicked; its log says where")]
struct Panicked;

/// The work's result, or an error where it panicked.
async fn unwound<T>(mut work: Pin<Box<impl Future<Output = Result<T, Failure>>>>) -> Result<T, Failure> {
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(Panicked.into())))
    })
    .await
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Diagnostic {
        Diagnostic { error_type: failure.kind().to_owned(), error_message: failure.to_string() }
    }
}

/// The wall clock, UTC ms.
#[allow(clippy::disallowed_methods)] // the edge, where the time comes in
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
