//! The time of the tests that run by it.

use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock, UTC ms.
#[allow(clippy::disallowed_methods)] // deployed functions run by it, and tables forget what expired by it
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}
