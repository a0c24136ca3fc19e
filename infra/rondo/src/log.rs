//! What the functions log, for a person at a terminal.

use std::io;
use tracing_subscriber::filter::LevelFilter;

/// Sends warnings and errors to standard error, a line each.
pub fn begin() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .finish();
    // Fails where there is one already, which then goes on.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
