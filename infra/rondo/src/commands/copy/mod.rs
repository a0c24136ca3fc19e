//! `rondo copy`: messages that a model writes, and a person approves.

mod approve;
mod draft;
mod folder;
mod list;
mod model;
mod reject;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Copy {
    /// Have a model write drafts of a step's message, as files for review
    Draft(draft::DraftArgs),
    /// Show the drafts that wait for a decision
    List(list::ListArgs),
    /// Make a template of a draft, or approve a generated template that was changed
    Approve(approve::ApproveArgs),
    /// Put a draft aside, with the reason, which the next draft is told
    Reject(reject::RejectArgs),
}

/// Carries out one of them.
pub fn copy(command: &Copy) -> Result<()> {
    match command {
        Copy::Draft(args) => draft::draft(args),
        Copy::List(args) => list::list(args),
        Copy::Approve(args) => approve::approve(args),
        Copy::Reject(args) => reject::reject(args),
    }
}
