//! The commands, one a file.

mod ask;
mod audience;
mod backtest;
mod bundle;
mod catalogue;
mod check;
mod consent;
mod consent_history;
mod copy;
mod demo;
mod export_audience;
mod identity;
mod import;
mod invoke;
mod key;
mod key_rotate;
mod learn;
mod local_time;
mod map;
mod person;
mod preview;
mod privacy;
mod profile;
mod progress;
mod quality;
mod quarantine;
mod reasons;
mod report;
mod run;
mod say;
mod schema;
mod serve;
mod stop;
mod table;
mod unmerge;
mod why;
mod write_keys;

pub use audience::{AudienceArgs, audience};
pub use backtest::{BacktestArgs, backtest};
pub use bundle::{BundleArgs, bundle};
pub use catalogue::{CatalogueArgs, catalogue};
pub use check::{CheckArgs, check};
pub use consent::{ConsentArgs, consent};
pub use copy::{Copy, copy};
pub use demo::{DemoArgs, demo};
pub use export_audience::{ExportAudienceArgs, export_audience};
pub use identity::{IdentityArgs, identity};
pub use import::{ImportArgs, import};
pub use invoke::{InvokeArgs, invoke};
pub use key::{KeyArgs, key};
pub use learn::{LearnArgs, learn};
pub use map::{MapArgs, map};
pub use preview::{PreviewArgs, preview};
pub use privacy::{Privacy, privacy};
pub use profile::{ProfileArgs, profile};
pub use progress::Progress;
pub use quality::{QualityArgs, quality};
pub use quarantine::{QuarantineArgs, quarantine};
pub use report::report;
pub use run::{RunArgs, run};
pub use schema::{SchemaArgs, schema};
pub use serve::{ServeArgs, serve, serve_decisions, serve_edge};
pub use stop::on_interrupt;
pub use unmerge::{UnmergeArgs, unmerge};
pub use why::{WhyArgs, why};

use clap::Args;
use std::path::PathBuf;

/// Where an installation keeps everything.
#[derive(Debug, Clone, Args)]
pub struct DataFolder {
    /// The data folder
    #[arg(long = "data", value_name = "DIR", default_value = "rondo-data")]
    pub path: PathBuf,
}
