//! What a program needs that Lambda runs: logs, metrics, the loop over invocations.

mod logs;
mod metric_lines;
mod serve;

pub use serve::{Function, start};
