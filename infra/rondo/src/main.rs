//! `rondo`: the whole suite on one machine, in one process.

mod bench;
mod commands;
mod config;
mod counts;
mod deliver;
mod import;
mod installation;
mod play;
mod problems;
mod pump;
mod stages;

use anyhow::Result;
use clap::{Parser, Subcommand};
use commands::DataFolder;
use std::process::ExitCode;

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
    /// Write a report over everything in the lake
    Report(DataFolder),
    /// Measure
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// The main job over a log of shop events: parse only, in memory, and durable
    Main(bench::MainArgs),
}

fn main() -> ExitCode {
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
        Command::Report(data) => commands::report(&data),
        Command::Bench(Bench::Main(args)) => bench::main_loop(&args),
    }
}
