//! Ctrl-C and SIGTERM: finish the batch, then stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that the first interrupt sets. A second one ends the process at once, which loses nothing that was
/// acknowledged.
pub fn on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let again = Arc::clone(&stop);
        // In this order: the second signal finds the flag set by the first.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 130, again);
        let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    debug_assert!(!stop.load(Ordering::Relaxed));
    stop
}
