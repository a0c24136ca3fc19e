//! What is done about events that are not as planned.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What is done about an event that its schema does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnViolation {
    /// It passes; what it broke is noted on it and counted.
    #[default]
    Warn,
    /// What can be mended without guessing is; the rest passes as under `warn`.
    Fix,
    /// As `fix`, but what can't be mended goes to quarantine.
    FixOrBlock,
    /// It goes to quarantine.
    Block,
}

/// What is done about a `track` event that has no schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnplanned {
    #[default]
    Allow,
    /// It passes and is counted.
    Warn,
    /// It goes to quarantine.
    Block,
}

/// How the plan is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanSettings {
    /// For events that are not in `events`.
    pub violations: OnViolation,
    /// Of events without a schema.
    pub unplanned: OnUnplanned,
    /// For the events that are built in, where they have no schema of the deployment's own; `None` leaves them out.
    pub built_in: Option<OnViolation>,
    /// By the event's name.
    pub events: BTreeMap<String, OnViolation>,
}
