//! Sample invocations of evaluate-triggers over stores in memory, and those stores' faults.

mod changes;
mod due;
mod image;
mod memory;
mod samples;
mod starts;
