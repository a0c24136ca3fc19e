//! `rondo backtest`: what a campaign would have done with the history that there is.

use crate::backtest::{Compared, Past, Summary};
use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::local_time::show;
use crate::commands::reasons::sentence;
use crate::config_folder::{read_all, read_files};
use crate::cost::Prices;
use crate::installation::{Installation, clock};
use anyhow::{Context, Result, bail};
use campaign::{Campaigns, LedgerEntry, LedgerState, Reason, parse_duration};
use clap::Args;
use config::Files;
use event::parse_time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The price of an e-mail, by its name in the list of prices.
const MAIL: &str = "mails";

#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// The campaign, by its name
    campaign: String,
    /// From when on decisions count: a time span before now (90d), or a day (2026-06-01)
    #[arg(long, value_name = "TIME", default_value = "90d")]
    since: String,
    /// Until when, likewise; until now where it is not given
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Another version of the campaign, to compare with the one that is live
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Print each decision, too
    #[arg(long)]
    list: bool,
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// What is to be found out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wanted {
    campaign: String,
    /// UTC ms.
    since: i64,
    until: i64,
    /// A whole path: who reads it may stand in another folder.
    against: Option<PathBuf>,
    list: bool,
    json: bool,
}

/// Replays the lake through all live campaigns, and says what this one would have sent to whom and when, and what not and
/// why. Nothing is sent, and nothing is written.
pub fn backtest(args: &BacktestArgs) -> Result<()> {
    let now = clock();
    let since = time(&args.since, now)?;
    let until = args.until.as_deref().map_or(Ok(now), |text| time(text, now))?;
    if until < since {
        bail!("`--until {}` lies before `--since {}`", args.until.as_deref().unwrap_or_default(), args.since);
    }
    let whole =
        |file: &PathBuf| fs::canonicalize(file).with_context(|| format!("reading {}", file.display()));
    let against = args.against.as_ref().map(whole).transpose()?;
    let campaign = args.campaign.clone();
    let wanted = Wanted { campaign, since, until, against, list: args.list, json: args.json };
    ask(&args.data.path, &Question::Backtest(wanted))
}

/// The answer, with everything that is in the log by `now`, UTC ms.
pub fn answer(installation: &mut Installation, wanted: &Wanted, now: i64) -> Result<String> {
    let past = installation.past(now)?;
    found(&past, &installation.folder, wanted)
}

/// What a past comes to, with the campaigns that the data folder has now.
pub fn found(past: &Past, data: &Path, args: &Wanted) -> Result<String> {
    let (since, until) = (args.since, args.until);
    // What is wrong with a file is told before the history is read.
    let after = args.against.as_deref().map(|file| against(data, &args.campaign, file));
    let (before, after) = (configured(data)?, after.transpose()?);
    let version = match before.get(&args.campaign) {
        Some(campaign) => campaign.version,
        None => {
            let known: Vec<&str> = before.iter().map(|campaign| campaign.name.as_str()).collect();
            bail!("there is no campaign `{}`; campaigns are: {}", args.campaign, known.join(", "));
        }
    };
    let decisions = past.backtest(before, since, until)?;
    let live = Told::of(&decisions, &args.campaign, since)?;
    let other = match after {
        Some(campaigns) => {
            let version = campaigns.get(&args.campaign).map_or(0, |campaign| campaign.version);
            let theirs = past.backtest(campaigns, since, until)?;
            let compared = Compared::of(&decisions, &theirs, &args.campaign, since);
            Some((version, Told::of(&theirs, &args.campaign, since)?, compared))
        }
        None => None,
    };
    if args.json {
        let mut result =
            json!({"campaign": args.campaign, "since": since, "until": until, "version": version});
        result["live"] = live.json(args.list);
        if let Some((version, told, compared)) = &other {
            result["against"] = told.json(args.list);
            result["against"]["version"] = json!(version);
            result["compared"] = json!(compared);
        }
        return Ok(result.to_string());
    }
    let zone = jiff::tz::TimeZone::UTC;
    let mut out = format!("{}, version {version}, since {}\n", args.campaign, show(since, &zone));
    live.print(&mut out, args.list);
    if let (Some((version, told, compared)), Some(file)) = (&other, &args.against) {
        _ = writeln!(out, "\n{}, version {version}", file.display());
        told.print(&mut out, args.list);
        _ = writeln!(
            out,
            "\n{} messages are sent by both, {} only as it is live, {} only by the file",
            compared.both, compared.only_before, compared.only_after
        );
    }
    Ok(out.trim_end().to_owned())
}

/// One version's decisions.
struct Told {
    summary: Summary,
    decisions: Vec<LedgerEntry>,
    /// US dollars for the e-mails.
    cost: f64,
    prices: String,
}

impl Told {
    fn of(decisions: &[LedgerEntry], campaign: &str, since: i64) -> Result<Told> {
        let summary = Summary::of(decisions, campaign, since);
        let prices = Prices::built_in()?;
        let price = prices.of(MAIL)?;
        let mails = summary.channels.get("email").copied().unwrap_or_default();
        let mut own: Vec<LedgerEntry> = decisions
            .iter()
            .filter(|entry| entry.campaign == campaign && entry.at >= since)
            .cloned()
            .collect();
        own.sort_by_key(|entry| (entry.at, entry.action));
        let cost = mails as f64 * price.price / price.per;
        Ok(Told { summary, decisions: own, cost, prices: format!("{}, {}", prices.region, prices.date) })
    }

    fn print(&self, out: &mut String, list: bool) {
        let summary = &self.summary;
        let (decided, people, reached) = (summary.decided, summary.people, summary.reached);
        _ = writeln!(
            out,
            "  {decided} messages for {people} people; {} sent, to {reached} people",
            summary.sent
        );
        for (step, sent) in &summary.steps {
            _ = writeln!(out, "    {sent:>7} {step}");
        }
        if !summary.refused.is_empty() {
            _ = writeln!(out, "  not sent");
        }
        for (reason, count) in &summary.refused {
            let why = Reason::parse(reason).map_or("", sentence);
            _ = writeln!(out, "    {count:>7} {reason}: {why}");
        }
        if summary.held > 0 {
            _ = writeln!(out, "  {} wait for the end of quiet hours", summary.held);
        }
        if !summary.overlap.is_empty() {
            _ = writeln!(
                out,
                "  of the people reached, others reached too (within a day: {})",
                summary.within_a_day
            );
        }
        for (campaign, people) in &summary.overlap {
            _ = writeln!(out, "    {people:>7} {campaign}");
        }
        _ = writeln!(out, "  its e-mails would cost ${:.4} by SES ({})", self.cost, self.prices);
        for entry in self.decisions.iter().filter(|_| list) {
            let at = show(entry.at, &jiff::tz::TimeZone::UTC);
            _ = writeln!(out, "  {at} {} {} {}", entry.person, entry.step, outcome(entry));
        }
    }

    fn json(&self, list: bool) -> serde_json::Value {
        let mut value = json!(self.summary);
        value["cost_usd"] = json!(self.cost);
        if list {
            let decisions = self.decisions.iter().map(|entry| {
                let (person, outcome) = (entry.person.to_string(), outcome(entry));
                json!({"at": entry.at, "person": person, "step": entry.step, "outcome": outcome})
            });
            value["decisions"] = decisions.collect();
        }
        value
    }
}

fn outcome(entry: &LedgerEntry) -> &'static str {
    match (entry.state, entry.reason) {
        (LedgerState::Refused, Some(reason)) => reason.as_str(),
        (state, _) => state.as_str(),
    }
}

/// A time, UTC ms.
fn time(text: &str, now: i64) -> Result<i64> {
    let time = parse_duration(text).map(|span| now - span).or_else(|| parse_time(text));
    time.with_context(|| format!("`{text}` is no time; write a span like 90d, or a day like 2026-06-01"))
}

/// The campaigns of an installation, anew.
fn configured(data: &Path) -> Result<Campaigns> {
    let (files, _) = read_files(&data.join("config"));
    campaigns(&files)
}

/// The same with a file in the place of the live one.
fn against(data: &Path, name: &str, file: &Path) -> Result<Campaigns> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let (files, _) = read_files(&data.join("config"));
    let mut changed = Files::default();
    let is_live = |text: &str| {
        let mut names = text.lines().filter_map(|line| line.strip_prefix("name:"));
        names
            .any(|value| value.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']) == name)
    };
    for folder in ["campaigns/", "templates/"] {
        for (path, own) in files.below(folder) {
            if folder == "templates/" || !is_live(own) {
                changed.insert(path, own.to_owned());
            }
        }
    }
    changed.insert(Path::new("campaigns").join(file.file_name().unwrap_or_default()), text);
    let campaigns = campaigns(&changed).with_context(|| format!("reading {}", file.display()))?;
    if campaigns.get(name).is_none() {
        bail!("{} is no version of `{name}`: its `name` is another", file.display());
    }
    Ok(campaigns)
}

fn campaigns(files: &Files) -> Result<Campaigns> {
    let (config, problems) = read_all(files);
    if !problems.is_empty() {
        bail!("the configuration has mistakes:\n{problems}");
    }
    Ok(config.campaigns)
}
