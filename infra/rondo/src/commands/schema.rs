//! `rondo schema`: what a kind of hand-written file may say.

use crate::commands::say::say;
use anyhow::Result;
use clap::{Args, ValueEnum};

/// The schema of campaign files.
pub const CAMPAIGN: &str = include_str!("../../../../docs/campaign.schema.json");

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The kind of file
    kind: Kind,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Campaign,
}

/// Prints the JSON Schema.
pub fn schema(args: &SchemaArgs) -> Result<()> {
    match args.kind {
        Kind::Campaign => say(CAMPAIGN.trim_end()),
    }
    Ok(())
}
