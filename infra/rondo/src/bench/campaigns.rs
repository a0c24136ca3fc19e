//! What many live campaigns cost: the main job in memory with 20 of them and with 1,000.

use crate::bench::main_loop::each_batch;
use crate::pump::Pump;
use crate::stages::{cpu_time, peak_mb};
use anyhow::{Context, Result, bail, ensure};
use campaign::{Campaign, Campaigns, Templates};
use clap::Args;
use embedded::{Sealer, Store};
use event::{HOUR, MINUTE, Parser, ParserSettings, Pseudonymizer};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::Command;

const FEW: usize = 20;
const MANY: usize = 1_000;

/// Times `input` is read in each part; of the parts' times the shortest counts, since nothing makes one shorter than
/// it is.
const ROUNDS: usize = 3;

#[derive(Debug, Args)]
pub struct CampaignsArgs {
    /// Shop events, one Segment-spec record a line
    #[arg(long)]
    input: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// With so many campaigns only, in this process
    #[arg(long, hide = true)]
    part: Option<usize>,
}

/// Runs each part in processes of its own. Of N campaigns, by turns: a quarter offer one product to who viewed it and
/// did not order it; a quarter do so for a category; a quarter for a product below a price; and a quarter are about
/// events that the log does not hold, as most campaigns are most of the time.
pub fn campaigns(args: &CampaignsArgs) -> Result<()> {
    if let Some(live) = args.part {
        println!("{}", run_part(live, args)?);
        return Ok(());
    }
    let (mut few, mut many): (Option<Map<_, _>>, Option<Map<_, _>>) = (None, None);
    for _ in 0..ROUNDS {
        for (live, best) in [(FEW, &mut few), (MANY, &mut many)] {
            let result = part(args, live)?;
            if best.as_ref().is_none_or(|best| seconds(&result) < seconds(best)) {
                *best = Some(result);
            }
        }
    }
    let (few, many) = (few.unwrap_or_default(), many.unwrap_or_default());
    ensure!(few["events"] == many["events"], "the parts read different events");
    let ratio = (seconds(&many) / seconds(&few) * 100.0).round() / 100.0;
    let result = json!({"ratio_1000_to_20": ratio, "with_20": few, "with_1000": many});
    println!("{}", if args.json { result.to_string() } else { serde_json::to_string_pretty(&result)? });
    Ok(())
}

fn seconds(result: &Map<String, Value>) -> f64 {
    result.get("cpu_s").and_then(Value::as_f64).unwrap_or(f64::INFINITY)
}

fn part(args: &CampaignsArgs, live: usize) -> Result<Map<String, Value>> {
    let own = std::env::current_exe().context("finding this program")?;
    let output = Command::new(own)
        .args(["bench", "campaigns", "--json", "--part", &live.to_string(), "--input"])
        .arg(&args.input)
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("running the part with {live} campaigns"))?;
    if !output.status.success() {
        bail!("the part with {live} campaigns failed, {}", output.status);
    }
    serde_json::from_slice(&output.stdout).context("reading the result of a part")
}

fn run_part(live: usize, args: &CampaignsArgs) -> Result<Value> {
    let parser = Parser::new(Pseudonymizer::new(b"benchmark"), ParserSettings::default());
    let templates = Templates::new([("offer.txt".into(), String::new())])?;
    let campaigns: Result<Vec<Campaign>, _> =
        (0..live).map(|n| Campaign::parse(&file(n), &templates)).collect();
    let mut pump =
        Pump::open(Store::in_memory(Sealer::new(&[7; 32]))?, None, Campaigns::new(campaigns?), MINUTE)?;
    pump.count_actions_only = true;
    let mut now = 0;
    let before = cpu_time();
    each_batch(&parser, &args.input, super::main_loop::BATCH_LINES, |imported, _| {
        now = imported.events.iter().map(|event| event.received_at).fold(now, i64::max);
        pump.process(&imported.events, 0, now, now)
    })?;
    pump.fire(now + HOUR)?;
    pump.commit()?;
    let cpu_s = cpu_time().saturating_sub(before).as_secs_f64();
    Ok(json!({
        "events": pump.counts.events,
        "actions": pump.counts.actions,
        "cpu_s": (cpu_s * 1e3).round() / 1e3,
        "peak_mb": peak_mb(),
    }))
}

/// The n-th campaign.
fn file(n: usize) -> String {
    let (event, when) = match n % 4 {
        0 => ("Product Viewed", format!("event.properties.product_id == 'sku-{n}'")),
        1 => ("Product Viewed", format!("event.properties.category == 'category-{n}'")),
        2 => (
            "Product Viewed",
            format!("event.properties.product_id == 'sku-{n}' && event.properties.price < {}", 50 + n),
        ),
        _ => ("Article Read", format!("event.properties.article == 'article-{n}'")),
    };
    format!(
        "\
name: offer-{n}
entry: {{ event: {event}, when: \"{when}\" }}
exit_on: [ {{ event: Order Completed }} ]
steps:
  - wait: 30m
  - send: offer
    subject: For you
    template: offer.txt
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_campaigns_are_right_and_are_told_apart() {
        let templates = Templates::new([("offer.txt".into(), String::new())]).unwrap();
        let campaigns = (0..8).map(|n| Campaign::parse(&file(n), &templates).unwrap());
        assert_eq!(Campaigns::new(campaigns.collect()).iter().count(), 8);
    }
}
