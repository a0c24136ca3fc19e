//! The tracking plan: what each event should say, as JSON Schemas, and what is done about events that say otherwise.
//!
//! A [`Plan`] is made of schemas (draft 2020-12) and [`PlanSettings`], and is what the parser of `event` holds records
//! against. Schemas for the common events of a shop [are built in](built_in). Nothing is fetched: a `$ref` leads into
//! its own file only. Patterns are matched in linear time, so that no record can make one expensive.

mod built_in;
mod field;
mod mend;
mod plan;
mod schema;
mod settings;

pub use built_in::built_in;
pub use plan::{Plan, PlanBuilder};
pub use schema::{Schema, SchemaError, outline};
pub use settings::{OnUnplanned, OnViolation, PlanSettings};
