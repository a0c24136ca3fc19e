//! The bandit of creatives, over people who are made up from a seed.

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

/// Try the bandit of creatives on made-up people whose tastes are known
///
/// Two trials: `alike`, where everybody likes the same, so that no policy beats the best fixed creative, and `differing`,
/// where those who bought before rather like the opposite. `regret` is what the best fixed creative would have earned
/// more (less, where it is negative), in each tenth of the messages; `of_best_fixed` and `of_uniform` compare what was
/// earned with the best fixed creative and with chance.
#[derive(Debug, Args)]
pub struct CreativeArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Messages of each trial
    #[arg(long, default_value_t = 40_000)]
    messages: usize,
}

/// Runs both trials and prints them.
pub fn creative(args: &CreativeArgs) -> Result<()> {
    ensure!(args.messages >= 10, "a trial needs 10 messages or more");
    let mut printed = json!({"seed": args.seed, "messages": args.messages});
    for (name, tastes) in [("alike", 0.0), ("differing", 1.5)] {
        let trial = campaign::trial(args.seed, args.messages, tastes);
        let short = |number: f64| (number * 10_000.0).round() / 10_000.0;
        printed[name] = json!({
            "regret": trial.regret.map(short),
            "regret_total": short(trial.regret.iter().sum()),
            "regret_of_uniform": short(trial.best_fixed - trial.uniform),
            "of_best_fixed": short(trial.bandit / trial.best_fixed),
            "of_uniform": short(trial.bandit / trial.uniform),
        });
    }
    match args.json {
        true => println!("{printed}"),
        false => println!("{}", serde_json::to_string_pretty(&printed)?),
    }
    Ok(())
}
