//! Logs as one JSON object a line.

use crate::Environment;
use crate::variables::{AWS_LAMBDA_LOG_LEVEL, RUST_LOG};
use std::panic;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;

/// The shared crates whose events are logged from the wanted level on, as the function's own are. Of all others only
/// warnings are: the runtime and the SDK tell the bodies that pass through them at their lower levels.
const OURS: [&str; 3] = ["aws::", "lambda::", "webhook::"];
/// Where the runtime logs a handler's error, which is logged with its invocation already.
const TWICE: &str = "lambda_runtime::layers::panic";

/// Sends what is logged to standard output, and panics to the log: by their place alone, since their message may
/// quote data.
pub(super) fn begin(function: &str, environment: &Environment) {
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    let subscriber = tracing_subscriber::registry().with(filter(function, environment)).with(lines);
    // Fails where there is one already, which then goes on.
    let _ = tracing::subscriber::set_global_default(subscriber);
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
        tracing::error!(place, "the function panicked");
    }));
}

fn filter(function: &str, environment: &Environment) -> Targets {
    let wanted = environment.optional(AWS_LAMBDA_LOG_LEVEL).or_else(|| environment.optional(RUST_LOG));
    let level = wanted.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let others = level.min(LevelFilter::WARN);
    Targets::new()
        .with_default(others)
        .with_targets(OURS.map(|target| (target, level)))
        .with_target(function, level)
        .with_target(TWICE, LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn bodies_stay_out_of_the_log_at_every_level() {
        let filter = |level: &str| {
            let environment = Environment::new([("AWS_LAMBDA_LOG_LEVEL".to_owned(), level.to_owned())]);
            filter("collect_events", &environment)
        };
        for (level, ours, theirs) in [
            ("TRACE", Level::TRACE, Level::WARN),
            ("DEBUG", Level::DEBUG, Level::WARN),
            ("", Level::INFO, Level::WARN),
            ("anything", Level::INFO, Level::WARN),
            ("ERROR", Level::ERROR, Level::ERROR),
        ] {
            let filter = filter(level);
            for (target, most) in [
                ("aws::people", ours),
                ("collect_events::handler", ours),
                ("import_data::handler", theirs),
                ("aws_smithy_runtime::client::orchestrator", theirs),
                ("lambda_runtime::layers::api_response", theirs),
            ] {
                assert!(filter.would_enable(target, &most), "{level} {target}");
                let more = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
                for beyond in more.iter().filter(|beyond| **beyond > most) {
                    assert!(!filter.would_enable(target, beyond), "{level} {target} {beyond}");
                }
            }
            assert!(!filter.would_enable(TWICE, &Level::ERROR));
        }
    }
}
