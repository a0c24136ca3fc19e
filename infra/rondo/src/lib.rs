//! `rondo`: the whole suite on one machine, in one process.
//!
//! An [`Installation`] is a data folder at work; its [`Pump`] carries what the log holds through the functions.

mod audience;
mod backtest;
mod bench;
mod campaigns;
mod commands;
mod config_folder;
mod cost;
mod counts;
mod creatives;
mod deliver;
mod import;
mod installation;
mod log;
mod pace;
mod play;
mod privacy;
mod pump;
mod replay;
mod rotation;
mod shop;
pub mod simulate;
mod stages;
mod warnings;

use anyhow::Result;
use clap::{Parser, Subcommand};
use commands::DataFolder;
use std::process::ExitCode;

pub use backtest::{Compared, Summary};
pub use counts::Counts;
pub use import::{Imported, import};
pub use installation::Installation;
pub use pace::Pace;
pub use privacy::OneMachine;
pub use pump::{Durable, Pump};
pub use replay::Replayed;
pub use rotation::Rotated;
pub use stages::{Stage, Stages, cpu_time};

/// Customer data, marketing and service in one loop, on this machine
#[derive(Debug, Parser)]
#[command(name = "rondo", version, about, propagate_version = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a sample shop through the whole loop and show what came of it
    Demo(commands::DemoArgs),
    /// Take the records of a file in
    Import(commands::ImportArgs),
    /// Propose a mapping for a file, and show what it would give
    Map(commands::MapArgs),
    /// Write a report over everything in the lake
    Report(DataFolder),
    /// Take events over HTTP and keep the loop running
    Serve(commands::ServeArgs),
    /// Check every hand-written file of a configuration
    Check(commands::CheckArgs),
    /// Print the schema of a kind of hand-written file, which editors complete and check by
    Schema(commands::SchemaArgs),
    /// Check a configuration and write it as the one file that a deployment on AWS reads
    Bundle(commands::BundleArgs),
    /// Make a new write key, under which a source may send events, or change the key of the vault
    Key(commands::KeyArgs),
    /// Show what is known of a person
    Profile(commands::ProfileArgs),
    /// Show what a person agreed to, with the proof of each answer
    Consent(commands::ConsentArgs),
    /// Show by what a person is known, which merges made them, and what was refused
    Identity(commands::IdentityArgs),
    /// Undo one merge: the two are apart from then on, as if they had never been joined
    Unmerge(commands::UnmergeArgs),
    /// Replay the past through a campaign: who would have been sent what and when, and what not and why
    Backtest(commands::BacktestArgs),
    /// Have a model write drafts of a message, approve or reject them
    #[command(subcommand)]
    Copy(commands::Copy),
    /// Show a message as one person would get it, without what is personal in it
    Preview(commands::PreviewArgs),
    /// Write an audience as advertising platforms match it, and what changed since the last time
    ExportAudience(commands::ExportAudienceArgs),
    /// Show why a person was, or was not, sent a message
    Why(commands::WhyArgs),
    /// Begin a campaign by schedule, date or inactivity now, or as of a time
    Run(commands::RunArgs),
    /// Count an audience, and what would become of a message to it
    Audience(commands::AudienceArgs),
    /// Show which records were refused and why, and put them in once they are not refused any more
    Quarantine(commands::QuarantineArgs),
    /// Show, erase or restrict what is kept of one person; who did so; check a receipt
    #[command(subcommand)]
    Privacy(commands::Privacy),
    /// Learn which creatives bring about what they are to, choose by it, and show it
    Learn(commands::LearnArgs),
    /// Show which events and properties were seen, and what they look like
    Catalogue(commands::CatalogueArgs),
    /// Show what comes in, from where, and how good it is
    Quality(commands::QualityArgs),
    /// Call one function with the event that Lambda would send it
    Invoke(commands::InvokeArgs),
    /// Show what a deployment on AWS costs, line by line
    Cost(cost::CostArgs),
    /// Print made-up records of people in a shop, the same for the same seed
    #[command(subcommand)]
    Simulate(simulate::Simulate),
    /// Measure
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// The main job over a log of shop events: parse only, in memory, and durable
    Main(bench::MainArgs),
    Edge(bench::EdgeArgs),
    Creative(bench::CreativeArgs),
    Decide(bench::DecideArgs),
    /// What a thousand live campaigns cost beside twenty
    Campaigns(bench::CampaignsArgs),
    Schedule(bench::ScheduleArgs),
}

/// Runs the command line that this process was started with.
pub fn main() -> ExitCode {
    log::begin();
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rondo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Demo(args) => commands::demo(&args),
        Command::Import(args) => commands::import(&args),
        Command::Map(args) => commands::map(&args),
        Command::Report(data) => commands::report(&data),
        Command::Serve(args) => commands::serve(&args),
        Command::Check(args) => commands::check(&args),
        Command::Schema(args) => commands::schema(&args),
        Command::Bundle(args) => commands::bundle(&args),
        Command::Key(args) => commands::key(&args),
        Command::Profile(args) => commands::profile(&args),
        Command::Consent(args) => commands::consent(&args),
        Command::Identity(args) => commands::identity(&args),
        Command::Unmerge(args) => commands::unmerge(&args),
        Command::Backtest(args) => commands::backtest(&args),
        Command::Copy(command) => commands::copy(&command),
        Command::Preview(args) => commands::preview(&args),
        Command::ExportAudience(args) => commands::export_audience(&args),
        Command::Why(args) => commands::why(&args),
        Command::Run(args) => commands::run(&args),
        Command::Audience(args) => commands::audience(&args),
        Command::Quarantine(args) => commands::quarantine(&args),
        Command::Privacy(command) => commands::privacy(&command),
        Command::Learn(args) => commands::learn(&args),
        Command::Catalogue(args) => commands::catalogue(&args),
        Command::Quality(args) => commands::quality(&args),
        Command::Invoke(args) => commands::invoke(&args),
        Command::Cost(args) => cost::cost(&args),
        Command::Simulate(what) => simulate::simulate(&what),
        Command::Bench(Bench::Main(args)) => bench::main_loop(&args),
        Command::Bench(Bench::Edge(args)) => bench::edge(&args),
        Command::Bench(Bench::Creative(args)) => bench::creative(&args),
        Command::Bench(Bench::Decide(args)) => bench::decide(&args),
        Command::Bench(Bench::Campaigns(args)) => bench::campaigns(&args),
        Command::Bench(Bench::Schedule(args)) => bench::schedule(&args),
    }
}
