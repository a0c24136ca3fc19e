//! The configuration of an installation: reviewed files, checked before they are live.
//!
//! [`Config`] is read from the [`Files`] of a folder, or of the bundle that a deployment keeps in its bucket, and
//! reports every mistake with its place.

mod config;
mod consent;
mod copy_section;
mod files;
mod identity;
mod problem;
mod settings;
mod tracking_plan;
mod webhooks;
mod write_keys;

pub use config::{Config, ExperienceConfig, FromFiles, IntakeConfig, ReportConfig};
pub use copy_section::CopySettings;
pub use files::Files;
pub use problem::{Problem, Problems};
pub use settings::Settings;
pub use tracking_plan::{PlanOutline, TrackingPlan};
