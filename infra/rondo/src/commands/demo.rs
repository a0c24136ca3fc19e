//! `rondo demo`: a sample shop through the whole loop.

use crate::commands::{Progress, on_interrupt};
use crate::import::import;
use crate::installation::{Installation, clock};
use crate::shop;
use anyhow::{Context, Result, bail};
use campaign::{LedgerEntry, LedgerState};
use clap::Args;
use event::{DAY, day_of, iso_date};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// In a data folder that a demo made, and may replace.
const MARKER: &str = "demo.txt";

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The data folder; one that an earlier demo made is replaced
    #[arg(long = "data", value_name = "DIR", default_value = "rondo-data")]
    data: PathBuf,
}

/// Plays a month of a sample shop, imports the purchase log of a real one, writes a report, and says what
/// happened and where it is.
pub fn demo(args: &DemoArgs) -> Result<()> {
    let folder = &args.data;
    prepare(folder)?;
    let began = Instant::now();
    let mut installation = Installation::open(folder)?;

    println!("1. A month of a sample shop, played minute by minute (events/shop/shop.ndjson)");
    let progress = Progress::events("playing the shop");
    let end = installation.play("shop.ndjson", shop::LOG, |done, of| progress.at(done, of))?;
    // What was held over the last night goes out in the morning.
    installation.advance(end, end + DAY)?;
    drop(progress);
    let counts = installation.pump.counts;
    println!(
        "   {} events taken in, {} duplicates dropped, {} broken records in quarantine",
        counts.events - counts.duplicates - counts.reports,
        counts.duplicates,
        counts.quarantined
    );
    println!(
        "   {} profiles; {} refused attempts to join people who are known apart",
        people(&installation)?,
        counts.refused_links
    );
    campaigns(&mut installation)?;

    println!(
        "2. Eighteen months of a CD shop's real orders, imported as history (events/shop/cdnow-SOURCE.md)"
    );
    let orders = folder.join("cdnow_master.txt");
    shop::write(&orders, shop::CDNOW)?;
    let mapping = installation.mappings.get("cdnow").cloned().context("the shop has a mapping for it")?;
    let progress = Progress::bytes("importing");
    let imported = import(&mut installation, &orders, Some(&mapping), &on_interrupt(), |done, of| {
        progress.at(done, of)
    })?;
    drop(progress);
    fs::remove_file(&orders).context("removing the copy of the orders")?;
    println!("   {} orders; no message, since they are long past", imported.events);
    println!("   {} profiles in all", people(&installation)?);

    println!("3. The report");
    let page = installation.report(clock())?;
    installation.close()?;
    println!("   {}", page.display());
    println!(
        "\nDone in {:.1} s. Messages are in {}.",
        began.elapsed().as_secs_f64(),
        folder.join("outbox").display()
    );
    println!("\nTry next:");
    for command in ["profile u-1111", "why u-1111", "quarantine", "check", "serve --write-key demo-key"] {
        println!("   cargo run --release -- {command}{}", shown_data(folder));
    }
    Ok(())
}

/// Empties a folder that an earlier demo made; refuses any other that holds something.
fn prepare(folder: &Path) -> Result<()> {
    let used = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if used {
        if !folder.join(MARKER).exists() {
            bail!("{} holds data that is not a demo's; name another folder with --data", folder.display());
        }
        fs::remove_dir_all(folder)
            .with_context(|| format!("removing the last demo in {}", folder.display()))?;
    }
    shop::write(
        &folder.join(MARKER),
        b"Made by `rondo demo`, which replaces this folder when it is run again.\n",
    )?;
    shop::write_config(folder)
}

/// What the campaigns came to: a line for each, and why messages were not sent.
fn campaigns(installation: &mut Installation) -> Result<()> {
    installation.pump.commit()?;
    let mut sums: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let mut days: Option<(i64, i64)> = None;
    installation.pump.store.each_ledger_entry(|entry| {
        *sums.entry(entry.campaign.clone()).or_default().entry(outcome(&entry)).or_default() += 1;
        let (first, last) = days.unwrap_or((entry.at, entry.at));
        days = Some((first.min(entry.at), last.max(entry.at)));
    })?;
    if let Some((first, last)) = days {
        println!("   messages decided from {} to {}:", iso_date(day_of(first)), iso_date(day_of(last)));
    }
    for (campaign, outcomes) in sums {
        let sent = outcomes.get("sent").copied().unwrap_or_default();
        let mut others: Vec<(&String, &u64)> =
            outcomes.iter().filter(|(outcome, _)| *outcome != "sent").collect();
        others.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let others: Vec<String> = others.iter().map(|(outcome, n)| format!("{n} {outcome}")).collect();
        let refused =
            if others.is_empty() { String::new() } else { format!("; not sent: {}", others.join(", ")) };
        println!("   {campaign:<20} {sent:>4} sent{refused}");
    }
    Ok(())
}

fn outcome(entry: &LedgerEntry) -> String {
    match (entry.state, entry.reason) {
        (LedgerState::Refused, Some(reason)) => reason.as_str().replace('_', " "),
        (state, _) => state.as_str().to_owned(),
    }
}

fn people(installation: &Installation) -> Result<u64> {
    let mut people = 0;
    installation.pump.store.commit()?;
    installation.pump.store.each_profile(|_, _, blob| {
        people += u64::from(person::Blob::forward_of(blob).is_ok_and(|forward| forward.is_none()));
    })?;
    Ok(people)
}

fn shown_data(folder: &Path) -> String {
    if folder == Path::new("rondo-data") { String::new() } else { format!(" --data {}", folder.display()) }
}
