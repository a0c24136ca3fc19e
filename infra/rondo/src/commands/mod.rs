//! The commands, one a file.

mod demo;
mod import;
mod progress;
mod report;
mod stop;

pub use demo::{DemoArgs, demo};
pub use import::{ImportArgs, import};
pub use progress::Progress;
pub use report::report;
pub use stop::on_interrupt;

use clap::Args;
use std::path::PathBuf;

/// Where an installation keeps everything.
#[derive(Debug, Clone, Args)]
pub struct DataFolder {
    /// The data folder; made where it is not there
    #[arg(long = "data", value_name = "DIR", default_value = "rondo-data")]
    pub path: PathBuf,
}
