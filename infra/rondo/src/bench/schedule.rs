//! A campaign to everybody at one time: selected, let in, decided on, rendered, sent and noted; and the same killed again
//! and again.

use crate::bench::scratch::Scratch;
use crate::bench::sink::Sink;
use crate::deliver::deliver_batch;
use crate::pump::{Durable, Pump};
use crate::simulate::Random;
use crate::stages::{cpu_time, peak_mb};
use anyhow::{Context, Result, bail, ensure};
use campaign::{Campaign, Campaigns, DeliverySettings, Lane, LedgerState, Sender, Share, Templates};
use clap::{Args, ValueEnum};
use deliver_messages::recover;
use embedded::{BusLog, FrameBuilder, Intake, LakeFolder, Sealer, Store};
use event::{Arrival, DAY, Key, MINUTE, Parser, ParserSettings, Pseudonymizer, Vault, iso_time};
use pollster::block_on;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// When the campaign is due: 2026-11-23T09:00:00Z, a Monday.
const AT: i64 = 1_795_424_400_000;
/// How many messages are sent between two commits: the channel can tell what it took, so that a crash leaves none in doubt.
const BATCH: usize = 1_000;
/// People who are made together.
const MADE: usize = 5_000;

const CAMPAIGN: &str = "\
name: newsletter
entry: { schedule: { cron: \"0 9 * * MON\", time_zone: UTC }, max_age: 7d }
audience: profile.orders.count > 0
limits: { per_day: 1 }
steps:
  - send: news
    subject: \"{{ person.first_name }}, what is new in {{ profile.traits.city }}\"
    template: news.html
";

const TEMPLATE: &str = "\
<html><body>
<h1>Good morning, {{ person.first_name }}</h1>
<p>You have ordered {{ profile.orders.count }} times, and we thank you for it. What you looked at last:</p>
<ul>{% for product in profile.interests.products %}<li>{{ product.value }}</li>{% endfor %}</ul>
{% if profile.traits.plan == 'gold' %}<p>As a gold member you are sent everything free of charge.</p>{% endif %}
<p>All that is new stands on <a href=\"https://shop.example/new?city={{ profile.traits.city }}\">our pages</a>.</p>
<p><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p>
</body></html>
";

/// Measure a campaign to everybody at one time, and the same killed again and again
///
/// Keeps a few KB for each person, twice, in the folder that `--scratch` names. People are made first, which is not
/// measured: each identified with an e-mail address, a first name, and consent, and with one order. Then the
/// campaign is due. A process of its own takes the snapshot, selects the audience, lets everybody in, and delivers
/// by the code of `rondo serve`, 1,000 at a time (`serve` takes 100): the live profile, the ledger with its caps,
/// the vault, the rendered message, a channel that notes each message in a file, and the event of it taken in.
/// `cpu_s` and `peak_mb` are that process's own. Over a copy of the same data it is then killed (SIGKILL) at random
/// times and started again, until it is through; `sent_twice` counts messages beyond one to a person, and `missed`
/// people without one, of both runs.
#[derive(Debug, Args)]
pub struct ScheduleArgs {
    #[arg(long, default_value_t = 1_000_000)]
    people: usize,
    /// How often the second run is killed; with 0 there is none
    #[arg(long, default_value_t = 10)]
    kills: u32,
    /// What the random times are drawn by
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    scratch: Scratch,
    /// Run one part only, in this process, on the data in this folder
    #[arg(long, value_enum, hide = true, requires = "on")]
    part: Option<Part>,
    #[arg(long, hide = true)]
    on: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Prepare,
    Run,
}

/// Runs each part in a process of its own.
pub fn schedule(args: &ScheduleArgs) -> Result<()> {
    match (args.part, &args.on) {
        (Some(Part::Prepare), Some(folder)) => return prepare(folder, args.people),
        (Some(Part::Run), Some(folder)) => {
            println!("{}", run(folder)?);
            return Ok(());
        }
        _ => {}
    }
    let folder = args.scratch.folder()?;
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    fs::create_dir(&whole)?;
    finish(child(&whole, Part::Prepare, args.people)?)?;
    if args.kills > 0 {
        copy(&whole, &killed)?;
    }
    let began = Instant::now();
    let output = finish(child(&whole, Part::Run, args.people)?)?;
    let took = began.elapsed();
    let mut result: Map<String, Value> =
        serde_json::from_str(&output).context("reading the result of the run")?;
    result.insert("people".into(), json!(args.people));
    let mut sent = verify(&whole, args.people)?;
    let mut kills = 0;
    if args.kills > 0 {
        kills = kill_and_resume(args, &killed, took)?;
        let again = verify(&killed, args.people)?;
        sent = Sent { twice: sent.twice + again.twice, missed: sent.missed + again.missed };
    }
    result.insert("kills".into(), json!(kills));
    result.insert("sent_twice".into(), json!(sent.twice));
    result.insert("missed".into(), json!(sent.missed));
    let result = Value::Object(result);
    println!("{}", if args.json { result.to_string() } else { serde_json::to_string_pretty(&result)? });
    Ok(())
}

/// Kills the run at random times and starts it again, then lets it end; how often it was killed.
fn kill_and_resume(args: &ScheduleArgs, folder: &Path, took: Duration) -> Result<u32> {
    let mut random = Random::new(args.seed);
    let mut kills = 0;
    while kills < args.kills {
        let mut running = child(folder, Part::Run, args.people)?;
        // So that the last comes before the end, and starts of a second or two are not all that is seen.
        let pause = took.mul_f64(random.unit() * 1.6 / f64::from(args.kills)) + Duration::from_millis(300);
        let began = Instant::now();
        while began.elapsed() < pause && running.try_wait()?.is_none() {
            sleep(Duration::from_millis(5));
        }
        if running.try_wait()?.is_some() {
            finish(running)?;
            return Ok(kills);
        }
        running.kill().context("killing the run")?;
        running.wait()?;
        kills += 1;
    }
    finish(child(folder, Part::Run, args.people)?)?;
    Ok(kills)
}

/// What came of it, by the notes of the channel.
struct Sent {
    twice: u64,
    missed: u64,
}

fn verify(folder: &Path, people: usize) -> Result<Sent> {
    let mut by_person: HashMap<Key, u32> = HashMap::with_capacity(people);
    Sink::each(&folder.join("sink"), |_, person| *by_person.entry(person).or_default() += 1)?;
    let store = open_store(folder)?;
    let mut ledger = 0;
    store.each_ledger_entry(|entry| ledger += u64::from(entry.state == LedgerState::Sent))?;
    let noted = by_person.len() as u64;
    ensure!(ledger == noted, "{noted} people were sent something, and the ledger says so of {ledger}");
    let twice = by_person.values().map(|count| u64::from(*count - 1)).sum();
    Ok(Sent { twice, missed: (people as u64).saturating_sub(noted) })
}

fn child(folder: &Path, part: Part, people: usize) -> Result<Child> {
    let own = std::env::current_exe().context("finding this program")?;
    let name = if part == Part::Run { "run" } else { "prepare" };
    Command::new(own)
        .args(["bench", "schedule", "--json", "--part", name, "--people", &people.to_string(), "--on"])
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting the part {name}"))
}

fn finish(child: Child) -> Result<String> {
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("a part failed, {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let (from, to) = (entry?.path(), to);
        let to = to.join(from.file_name().unwrap_or_default());
        if from.is_dir() { copy(&from, &to)? } else { fs::copy(&from, &to).map(drop)? }
    }
    Ok(())
}

fn open_store(folder: &Path) -> Result<Store> {
    Ok(Store::open(&folder.join("store.redb"), Sealer::new(&[7; 32]))?)
}

fn open(folder: &Path) -> Result<Pump> {
    let store = open_store(folder)?;
    let log = BusLog::open(&folder.join("bus"))?;
    let intake = Intake::new(log.clone(), Sealer::new(&[7; 32]));
    let durable = Durable { log, intake, lake: LakeFolder::new(folder.join("lake")) };
    let templates = Templates::new([("news.html".to_owned(), TEMPLATE.to_owned())])?;
    let campaign = Campaign::parse(CAMPAIGN, &templates).context("the benchmark's own campaign")?;
    let mut pump = Pump::open(store, Some(durable), Campaigns::new(vec![campaign]), MINUTE)?;
    pump.pace = crate::pace::Pace::of_import();
    Ok(pump)
}

/// Makes the people, and has the campaign looked at for the first time, before it is due.
fn prepare(folder: &Path, people: usize) -> Result<()> {
    let parser = Parser::new(Pseudonymizer::new(b"benchmark"), ParserSettings::default());
    let mut pump = open(folder)?;
    let happened = AT - 3 * DAY;
    let (time, now) = (iso_time(happened), AT - DAY);
    let cities = ["Berlin", "Shanghai", "Lyon", "Austin"];
    for first in (0..people).step_by(MADE) {
        let records: Vec<String> = (first..people.min(first + MADE))
            .flat_map(|n| {
                let plan = if n % 3 == 0 { "gold" } else { "free" };
                let city = cities[n % cities.len()];
                [
                    format!(
                        r#"{{"type":"identify","userId":"user-{n}","messageId":"i-{n}","timestamp":"{time}","traits":{{"email":"user-{n}@example.com","first_name":"Ann","plan":"{plan}","city":"{city}"}},"context":{{"consent":{{"categoryPreferences":{{"marketing":true,"analytics":true}}}}}}}}"#
                    ),
                    format!(
                        r#"{{"type":"track","userId":"user-{n}","messageId":"o-{n}","event":"Order Completed","timestamp":"{time}","properties":{{"order_id":"o-{n}","revenue":29.9,"currency":"EUR","products":[{{"product_id":"sku-{}","category":"home","price":29.9}}]}}}}"#,
                        n % 900
                    ),
                ]
            })
            .collect();
        let (mut events, mut secrets) = (Vec::with_capacity(records.len()), Vec::new());
        for record in &records {
            let parsed = parser.parse(record.as_bytes(), "shop", Arrival::Recorded { now: happened });
            let parsed = parsed.map_err(|error| anyhow::anyhow!("the benchmark's own record: {error:?}"))?;
            secrets.extend(parsed.secrets);
            events.push(parsed.event);
        }
        block_on(Vault::put(&pump.store, &secrets))?;
        let mut frame = FrameBuilder::default();
        events.iter().for_each(|event| frame.event(event));
        let log = pump.durable.as_ref().map(|durable| durable.log.clone()).context("no log")?;
        let sequence = log.append(&mut frame, happened)?;
        pump.process(&events, sequence, happened, happened)?;
    }
    while pump.run_campaigns(now)?.is_some() {}
    pump.empty_log(now)
}

/// Does what is due from where it stands, to the end.
fn run(folder: &Path) -> Result<Value> {
    let began = Instant::now();
    let now = AT + MINUTE;
    let mut pump = open(folder)?;
    let sink = Sink::open(folder.join("sink"))?;
    let unknown = {
        let before = Sink::open(folder.join("sink"))?;
        block_on(recover(&pump.store, &before, now, i64::MAX))?.len()
    };
    pump.commit()?;
    pump.catch_up(now)?;
    let opened = cpu_time();
    let settings = DeliverySettings {
        holdout: Share::default(),
        unsubscribe_url: Some("https://shop.example/u".to_owned()),
        ..DeliverySettings::new(Sender { name: "Shop".to_owned(), address: "shop@example.com".to_owned() })
    };
    let mut selected = 0;
    while let Some(outcome) = pump.run_campaigns(now)? {
        selected += outcome.selected;
    }
    let begun = cpu_time();
    while deliver_batch(&mut pump, &settings, &sink, &sink, (Lane::Marketing, BATCH), now)? {
        sink.sync()?;
        pump.commit()?;
        pump.catch_up(now)?;
    }
    pump.flush_lake()?;
    pump.commit()?;
    let cpu = cpu_time();
    let seconds = |time: Duration| (time.as_secs_f64() * 1e3).round() / 1e3;
    Ok(json!({
        "cpu_s": seconds(cpu),
        "peak_mb": peak_mb().round(),
        "wall_s": seconds(began.elapsed()),
        "open_cpu_s": seconds(opened),
        "select_cpu_s": seconds(begun - opened),
        "deliver_cpu_s": seconds(cpu - begun),
        "stages": pump.stages.seconds().map(|(name, s)| (name.to_owned(), json!((s * 1e3).round() / 1e3)))
            .collect::<Map<_, _>>(),
        "selected": selected,
        "sent": pump.counts.sent,
        "refused": pump.counts.refused,
        "unknown": unknown,
    }))
}
