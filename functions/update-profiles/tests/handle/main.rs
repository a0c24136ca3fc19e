//! Sample invocations of update-profiles over a store in memory, and that store's faults.

mod faults;
mod invocations;
mod memory;
mod samples;
