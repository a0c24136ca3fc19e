//! `rondo learn`: what creatives bring about.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::table::table;
use crate::installation::Installation;
use anyhow::Result;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub struct LearnArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Learns, and shows what was learned.
pub fn learn(args: &LearnArgs) -> Result<()> {
    ask(&args.data.path, &Question::Learn { json: args.json })
}

/// Each level of each creative with its messages and rewards. `now` is UTC ms.
pub fn answer(installation: &mut Installation, as_json: bool, now: i64) -> Result<String> {
    let lessons = installation.learn(now)?;
    let learned = installation.delivery.creatives.learned();
    let mut rows = vec![["creative", "slot", "level", "messages", "rewarded", "share"].map(str::to_owned)];
    let mut all = Vec::new();
    for creative in installation.creatives() {
        let bandit = learned.get(&creative.name).cloned().unwrap_or_default();
        let mut levels = Vec::new();
        for slot in &creative.slots {
            for (level, _) in &slot.levels {
                let (shown, rewarded) = bandit.of(&slot.name, level);
                let share = 100.0 * rewarded as f64 / shown.max(1) as f64;
                rows.push([
                    creative.name.clone(),
                    slot.name.clone(),
                    level.clone(),
                    shown.to_string(),
                    rewarded.to_string(),
                    format!("{share:.1} %"),
                ]);
                levels.push(
                    json!({"slot": slot.name, "level": level, "messages": shown, "rewarded": rewarded}),
                );
            }
        }
        let new = lessons.iter().find(|(name, _)| *name == creative.name).map_or(0, |(_, new)| *new);
        all.push(json!({"creative": creative.name, "learned_now": new, "messages": bandit.learned().0,
            "rewarded": bandit.learned().1, "levels": levels}));
    }
    if as_json {
        return Ok(serde_json::to_string_pretty(&all)?);
    }
    if rows.len() == 1 {
        return Ok("No campaign has a `creative` yet.".to_owned());
    }
    Ok(table(&rows, &[3, 4, 5]))
}
