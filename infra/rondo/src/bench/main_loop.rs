//! The main job over a log of shop events, played as live traffic: parse only, in memory, and durable.

use crate::bench::campaign::UNANSWERED_VIEW;
use crate::bench::scratch::Scratch;
use crate::pump::{Durable, Pump};
use crate::stages::{Stage, cpu_time, peak_mb};
use anyhow::{Context, Result, bail, ensure};
use campaign::{Campaign, Campaigns, Templates};
use clap::{Args, ValueEnum};
use embedded::{BusLog, FrameBuilder, Intake, LakeFolder, Sealer, Store};
use event::{HOUR, MINUTE, Parser, ParserSettings, Pseudonymizer};
use import_data::{Arena, Format, Imported, Position, SourceFile, convert};
use person::{Blob, Profile};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Events are taken in batches of so many lines, or bytes.
pub(super) const BATCH_LINES: usize = 16_384;
const LINE_BYTES: usize = 768;

#[derive(Debug, Args)]
pub struct MainArgs {
    /// Shop events, one Segment-spec record a line
    #[arg(long)]
    input: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Run one part only, in this process
    #[arg(long, value_enum, hide = true)]
    part: Option<Part>,
    /// Lines taken at once
    #[arg(long, default_value_t = BATCH_LINES)]
    batch: usize,
    #[command(flatten)]
    scratch: Scratch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Parse,
    Memory,
    Durable,
}

/// Runs each part in a process of its own, so that its CPU time and peak memory are its own.
pub fn main_loop(args: &MainArgs) -> Result<()> {
    if let Some(part) = args.part {
        println!("{}", run_part(part, args)?);
        return Ok(());
    }
    let parse = part(args, "parse")?;
    let mut memory = part(args, "memory")?;
    let mut durable = part(args, "durable")?;
    let mut result = Map::new();
    for name in ["unique", "profiles", "triggers", "revenue"] {
        let (one, other) = (memory.remove(name), durable.remove(name));
        ensure!(one == other, "{name}: {one:?} in memory but {other:?} durable");
        result.insert(name.into(), one.unwrap_or_default());
    }
    result.insert("parse".into(), parse.into());
    result.insert("memory".into(), memory.into());
    result.insert("durable".into(), durable.into());
    let result = Value::Object(result);
    println!("{}", if args.json { result.to_string() } else { serde_json::to_string_pretty(&result)? });
    Ok(())
}

fn part(args: &MainArgs, name: &str) -> Result<Map<String, Value>> {
    let own = std::env::current_exe().context("finding this program")?;
    let output = Command::new(own)
        .args(["bench", "main", "--json", "--part", name, "--input"])
        .arg(&args.input)
        .args(args.scratch.and(&["--batch", &args.batch.to_string()]))
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("running the part {name}"))?;
    if !output.status.success() {
        bail!("the part {name} failed, {}", output.status);
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("reading the result of the part {name}"))
}

fn run_part(part: Part, args: &MainArgs) -> Result<Value> {
    let parser = Parser::new(Pseudonymizer::new(b"benchmark"), ParserSettings::default());
    if part == Part::Parse {
        let mut events = 0;
        each_batch(&parser, &args.input, args.batch, |imported, _| {
            events += imported.events.len() as u64;
            Ok(())
        })?;
        return Ok(json!({"events_per_cpu_s": rate(events), "peak_mb": peak_mb()}));
    }

    let folder = args.scratch.folder()?;
    let sealer = Sealer::new(&[7; 32]);
    let (store, durable) = match part {
        Part::Durable => {
            let log = BusLog::open(&folder.path().join("bus"))?;
            let intake = Intake::new(log.clone(), sealer.clone());
            let lake = LakeFolder::new(folder.path());
            (Store::open(&folder.path().join("store.redb"), sealer)?, Some(Durable { log, intake, lake }))
        }
        _ => (Store::in_memory(sealer)?, None),
    };
    let campaign = Campaign::parse(UNANSWERED_VIEW, &Templates::new([("view.txt".into(), String::new())])?)?;
    let mut pump = Pump::open(store, durable, Campaigns::new(vec![campaign]), MINUTE)?;
    pump.count_actions_only = true;
    let mut now = 0;
    let mut frame = FrameBuilder::default();
    let mut before = cpu_time();
    each_batch(&parser, &args.input, args.batch, |imported, position| {
        pump.stages.add(Stage::Parse, cpu_time().saturating_sub(before));
        // The log is played as live traffic: the clock stands where the newest record was received.
        now = imported.events.iter().map(|event| event.received_at).fold(now, i64::max);
        let sequence = match &pump.durable {
            None => 0,
            Some(durable) => {
                let log = durable.log.clone();
                pump.stages.time(Stage::Log, || {
                    imported.events.iter().for_each(|event| frame.event(event));
                    frame.checkpoint("bench", position.to_string().as_bytes());
                    log.append(&mut frame, now)
                })?
            }
        };
        pump.process(&imported.events, sequence, now, now)?;
        before = cpu_time();
        Ok(())
    })?;
    pump.fire(now + HOUR)?;
    pump.flush_lake()?;
    pump.commit()?;
    let (counts, peak) = (pump.counts, peak_mb());
    let unique = counts.events - counts.duplicates;
    let events_per_cpu_s = rate(unique);

    let (mut profiles, mut bytes, mut minor) = (0u64, 0u64, 0i64);
    pump.store.each_profile(|_, _, blob| {
        if let Ok(Blob::Profile(profile)) = Blob::decode(blob) {
            profiles += 1;
            bytes += blob.len() as u64;
            minor += revenue(&profile);
        }
    })?;
    let mut result = json!({
        "unique": unique,
        "profiles": profiles,
        "triggers": counts.actions,
        "revenue": minor as f64 / 100.0,
        "events_per_cpu_s": events_per_cpu_s,
        "peak_mb": peak,
        "bytes_per_profile": bytes / profiles.max(1),
        "stages": pump.stages.seconds().map(|(name, s)| (name.to_owned(), json!((s * 1e3).round() / 1e3)))
            .collect::<Map<_, _>>(),
    });
    if part == Part::Durable {
        result["writes_per_event"] = json!(pump.store.written_profiles() as f64 / unique.max(1) as f64);
    }
    Ok(result)
}

/// Reads a file in batches of so many lines.
pub(super) fn each_batch(
    parser: &Parser,
    input: &Path,
    lines_at_once: usize,
    mut take: impl FnMut(&Imported<'_>, Position) -> Result<()>,
) -> Result<()> {
    let file = SourceFile::open(input)?;
    let name = file.name.clone();
    let format = Format::of(None);
    let mut lines = file.lines_buffered(Position::default(), lines_at_once * LINE_BYTES)?;
    let mut arena = Arena::default();
    while let Some(batch) = lines.next_batch(lines_at_once)? {
        // Played as live: no record is in the future of its own receipt.
        let imported = convert(parser, format, &name, &batch, &mut arena, i64::MAX / 2);
        take(&imported, batch.end)?;
        let spare = imported.spare();
        arena.reuse(spare);
    }
    Ok(())
}

fn revenue(profile: &Profile<'_>) -> i64 {
    profile.orders.money.iter().map(|money| money.revenue).sum()
}

fn rate(events: u64) -> f64 {
    (events as f64 / cpu_time().as_secs_f64()).round()
}
