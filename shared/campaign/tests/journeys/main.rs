//! Events and timers in, actions out: through campaign files and the engine, as evaluate-triggers runs them.

mod any_order;
mod experiments;
mod golden;
mod play;
mod programs;
mod stories;
