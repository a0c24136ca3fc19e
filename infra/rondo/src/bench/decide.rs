//! Decisions about visitors over HTTP, alone and beside a marketing peak.

use crate::bench::scratch::Scratch;
use crate::bench::server::{ServerProcess, run_on};
use crate::commands::serve_decisions;
use crate::installation::{Installation, clock};
use crate::shop;
use crate::simulate::Random;
use crate::stages::cpu_time;
use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, ValueEnum};
use decide_experience::ReadKeys;
use event::{Arrival, EventBus, Parsed, Parser, Vault};
use pollster::block_on;
use serde_json::json;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The key under which is asked.
const KEY: &str = "bench-key";
/// Connections over which is asked.
const CONNECTIONS: usize = 8;
/// Requests before it is measured.
const WARM_UP: usize = 200;
/// Products that people look at.
const PRODUCTS: usize = 900;
/// People who are written to at once in the peak.
const AT_ONCE: usize = 500;
/// How much likelier some people come than others: the exponent of a uniform draw.
const SKEW: f64 = 1.7;

/// Everybody who asks for it is sent a coupon at once.
const CAMPAIGN: &str = "\
name: coupon
entry: { event: Coupon Wanted, reentry: each }
steps:
  - send: coupon
    channel: email
    subject: Your coupon
    template: coupon.html
limits: { per_day: 1000000, need_consent: false }
";
const TEMPLATE: &str =
    "<p>Hello,</p>{% for p in profile.affinity.products[:3] %}<p>{{ p.value }}</p>{% endfor %}\n";

/// Measure decisions about visitors over HTTP: the server of `rondo serve --decide`, over an installation on disk
///
/// The server is a process of its own, on one processor; requests come from this process, on another, at a fixed rate.
/// Each asks for two placements of the sample shop, of people some of whom come far more often than others. What
/// counts is the time from when a request was due to the end of its answer. Then the same again while the server's
/// process sends marketing e-mail as fast as it can: triggers, limits, ledger, rendering, files, commits.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// How many people are known
    #[arg(long, default_value_t = 20_000)]
    people: usize,
    /// Requests a second
    #[arg(long, default_value_t = 100)]
    rate: usize,
    /// How long each of the two is measured, in seconds
    #[arg(long, default_value_t = 20)]
    seconds: usize,
    #[command(flatten)]
    scratch: Scratch,
    /// Run one part only, in this process
    #[arg(long, value_enum, hide = true)]
    part: Option<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Server,
}

/// Measures both, one after the other.
pub fn decide(args: &DecideArgs) -> Result<()> {
    if args.part == Some(Part::Server) {
        return serve(args);
    }
    let people = args.people.to_string();
    let mut server = ServerProcess::start(args.scratch.and(&["decide", "--people", &people]))?;
    run_on(1);
    let alone = measure(&mut server, args)?;
    server.ask("peak")?;
    let beside = measure(&mut server, args)?;
    let sent: f64 = server.ask("end")?.parse().context("reading how many messages were sent")?;
    let ms = |times: &Times, share: f64| (times.percentile(share).as_secs_f64() * 1e5).round() / 100.0;
    let result = json!({
        "p99_ms": ms(&beside, 0.99),
        "alone_p50_ms": ms(&alone, 0.5),
        "alone_p99_ms": ms(&alone, 0.99),
        "beside_peak_p50_ms": ms(&beside, 0.5),
        "beside_peak_p99_ms": ms(&beside, 0.99),
        "beside_peak_max_ms": ms(&beside, 1.0),
        "alone_server_cpu_us_a_request": alone.cpu_us.round(),
        "peak_messages_per_s": sent.round(),
        "requests_per_s": args.rate,
        "people": args.people,
    });
    println!("{}", if args.json { result.to_string() } else { serde_json::to_string_pretty(&result)? });
    Ok(())
}

/// How long answers took, the shortest first.
struct Times {
    sorted: Vec<Duration>,
    /// CPU of the server's process a request, in microseconds.
    cpu_us: f64,
}

impl Times {
    fn percentile(&self, share: f64) -> Duration {
        let at = (self.sorted.len() as f64 * share).ceil() as usize;
        self.sorted.get(at.saturating_sub(1)).or(self.sorted.last()).copied().unwrap_or_default()
    }
}

/// Asks at the rate for so many seconds.
fn measure(server: &mut ServerProcess, args: &DecideArgs) -> Result<Times> {
    let requests = args.rate * args.seconds + WARM_UP;
    let (people, rate, address) = (args.people, args.rate, server.address);
    let before = server.cpu()?;
    let start = Instant::now() + Duration::from_millis(50);
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|nth| {
            thread::spawn(move || -> Result<Vec<Duration>> {
                run_on(1);
                let mut stream = TcpStream::connect(address).context("connecting to the server")?;
                stream.set_nodelay(true)?;
                let mut random = Random::new(nth as u64 + 1);
                let mut times = Vec::new();
                for number in (nth..requests).step_by(CONNECTIONS) {
                    let request = request(&mut random, people);
                    let due = start + Duration::from_secs_f64(number as f64 / rate as f64);
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    stream.write_all(&request)?;
                    read_answer(&mut stream)?;
                    if number >= WARM_UP {
                        times.push(due.elapsed());
                    }
                }
                Ok(times)
            })
        })
        .collect();
    let mut sorted = Vec::with_capacity(requests);
    for sender in senders {
        sorted.extend(sender.join().map_err(|_| anyhow!("the load ended by a fault of its own"))??);
    }
    let took = server.cpu()? - before;
    sorted.sort_unstable();
    Ok(Times { sorted, cpu_us: took.as_secs_f64() * 1e6 / requests as f64 })
}

fn request(random: &mut Random, people: usize) -> Vec<u8> {
    let person = (people as f64 * random.unit().powf(SKEW)) as usize;
    let body = json!({
        "userId": format!("u-{person}"), "anonymousId": format!("a-{person}"),
        "placements": ["home-hero", "product-page"],
        "properties": {"product_id": format!("p-{}", random.below(PRODUCTS))},
        "context": {"locale": "de-DE", "page": {"url": "https://shop.example.com/p"}},
    });
    let body = body.to_string();
    format!(
        "POST /v1/decide HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Write-Key: {KEY}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads one whole answer, which has to hold a decision made of the person's profile.
fn read_answer(stream: &mut TcpStream) -> Result<()> {
    let mut answer = Vec::with_capacity(2_048);
    let mut part = [0; 4_096];
    loop {
        let read = stream.read(&mut part)?;
        ensure!(read > 0, "the server hung up");
        answer.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.context("an answer without a length")?.trim().parse()?;
        if body.len() >= length {
            ensure!(
                head.starts_with("HTTP/1.1 200 ") && body.contains("\"because\":\"viewed\""),
                "the server answered {text}"
            );
            return Ok(());
        }
    }
}

/// The server's own process: an installation with its people, decisions on a thread of their own, and the peak.
fn serve(args: &DecideArgs) -> Result<()> {
    run_on(0);
    let folder = args.scratch.folder()?;
    shop::write_config(folder.path())?;
    fs::remove_dir_all(folder.path().join("config/campaigns"))?;
    for (path, text) in [
        ("config/settings.yaml", "name: Bench\nglobal_holdout: 0\n"),
        ("config/campaigns/coupon.yaml", CAMPAIGN),
        ("config/templates/coupon.html", TEMPLATE),
    ] {
        shop::write(&folder.path().join(path), text.as_bytes())?;
    }
    let mut installation = Installation::open(folder.path())?;
    let mut random = Random::new(7);
    for first in (0..args.people).step_by(AT_ONCE) {
        let people = first..(first + AT_ONCE).min(args.people);
        put(&mut installation, people.flat_map(|person| history(person, &mut random)).collect())?;
    }
    installation.pump.flush_lake()?;
    installation.pump.commit()?;
    installation.report(clock())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    serve_decisions(listener, &installation, ReadKeys::default().and("web", KEY))?;
    println!("{address}");
    let done = Arc::new(AtomicBool::new(false));
    let mut peak = Some(installation);
    let mut running = None;
    for line in std::io::stdin().lines() {
        match line?.as_str() {
            "cpu" => println!("{}", cpu_time().as_nanos()),
            "peak" => {
                let (done, people) = (Arc::clone(&done), args.people);
                // The installation goes to the one thread that owns it from now on.
                running = peak.take().map(|owned| thread::spawn(move || send(owned, people, &done)));
                println!("begun");
            }
            _ => break,
        }
    }
    done.store(true, Ordering::Relaxed);
    let sent = match running {
        Some(running) => running.join().map_err(|_| anyhow!("the peak ended by a fault of its own"))??,
        None => 0.0,
    };
    println!("{sent}");
    Ok(())
}

/// Sends messages as fast as it goes until it is done; returns how many a second.
fn send(mut installation: Installation, people: usize, done: &AtomicBool) -> Result<f64> {
    let mut random = Random::new(8);
    let (began, before) = (Instant::now(), installation.pump.counts.sent);
    let mut number = 0u64;
    while !done.load(Ordering::Relaxed) {
        let wanted = (0..AT_ONCE).map(|_| {
            number += 1;
            json!({
                "type": "track", "event": "Coupon Wanted", "messageId": format!("w-{number}"),
                "userId": format!("u-{}", random.below(people)),
            })
            .to_string()
        });
        put(&mut installation, wanted.collect())?;
        installation.tick_by(&clock)?;
    }
    let sent = installation.pump.counts.sent - before;
    ensure!(sent > 0, "the peak sent nothing: {:?}", installation.pump.counts);
    Ok(sent as f64 / began.elapsed().as_secs_f64())
}

/// What a person did before: told their address, and looked at some products.
fn history(person: usize, random: &mut Random) -> Vec<String> {
    let mut records = vec![json!({
        "type": "identify", "messageId": format!("i-{person}"),
        "userId": format!("u-{person}"), "anonymousId": format!("a-{person}"),
        "traits": {"email": format!("u{person}@example.com")},
    })];
    for look in 0..8 {
        let product = (PRODUCTS as f64 * random.unit().powf(SKEW)) as usize;
        let category = ["Tea", "Coffee", "Kettles"][product % 3];
        records.push(json!({
            "type": "track", "event": "Product Viewed", "messageId": format!("v-{person}-{look}"),
            "userId": format!("u-{person}"),
            "properties": {"product_id": format!("p-{product}"), "category": category, "price": 10},
        }));
    }
    records.iter().map(ToString::to_string).collect()
}

/// Takes records in as intake does, and on to profiles and journeys.
fn put(installation: &mut Installation, records: Vec<String>) -> Result<()> {
    let parser: &Parser = &installation.parser;
    let intake = &installation.pump.durable.as_ref().context("the installation has no bus log")?.intake;
    let (mut events, mut secrets) = (Vec::new(), Vec::new());
    for record in &records {
        let parsed = parser.parse(record.as_bytes(), "web", Arrival::Live { now: clock() });
        let Parsed { event, secrets: own } = parsed.map_err(|error| anyhow!("{}", error.reason))?;
        events.push(event);
        secrets.extend(own);
    }
    block_on(Vault::put(intake, &secrets))?;
    block_on(intake.publish(&events))?;
    drop(events);
    installation.pump.catch_up_by(&clock)?;
    Ok(())
}
