//! `rondo demo`: a sample shop through the whole loop.

use crate::installation::Installation;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The data folder
    #[arg(long = "data", value_name = "DIR", default_value = "rondo-data/demo")]
    data: PathBuf,
}

/// Plays the shop.
pub fn demo(args: &DemoArgs) -> Result<()> {
    let mut installation = Installation::open(&args.data)?;
    installation.play(&[], |_, _| {})?;
    installation.close()
}
