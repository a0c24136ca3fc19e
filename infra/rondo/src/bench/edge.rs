//! The edge: requests over HTTP to events in the log, in batches of 50 and one by one.

use crate::bench::scratch::Scratch;
use crate::bench::server::{ServerProcess, run_on};
use crate::commands::serve_edge;
use crate::simulate::{ScatteredSettings, VisitSettings, scattered};
use crate::stages::cpu_time;
use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, ValueEnum};
use collect_events::WriteKeys;
use embedded::{BusLog, Intake, Sealer};
use event::{Parser, ParserSettings, Pseudonymizer};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// Events of a batch.
const BATCH: usize = 50;
/// How many different events are sent, over and over.
const EVENTS: usize = 20_000;
const PEOPLE: usize = 5_000;
/// How long the load runs before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// The key under which the load is sent.
const KEY: &str = "bench-key";

/// Measure intake over HTTP: the server of `rondo serve` with its log on disk, without the loop behind the log
///
/// The server is a process of its own, on one processor; the load comes from this process, on another, over
/// connections that are kept open, each sending its next request once it has the answer. An answer is given when the
/// events are synced to the disk, as always. `batch50_events_per_cpu_s` counts events by the CPU seconds of the whole
/// server process, user and system; `single_requests_per_s` counts requests by the clock, and says less where other
/// programs use the processors meanwhile: `single_requests_per_cpu_s` does not.
#[derive(Debug, Args)]
pub struct EdgeArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// How long each of the two is measured, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that send single events
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Connections that send batches
    #[arg(long, default_value_t = 16)]
    batch_connections: usize,
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
pub fn edge(args: &EdgeArgs) -> Result<()> {
    if args.part == Some(Part::Server) {
        return serve(args);
    }
    let mut server = ServerProcess::start(args.scratch.and(&["edge"]))?;
    run_on(1);
    let records: Vec<String> = scattered(&ScatteredSettings {
        events: EVENTS,
        people: PEOPLE,
        seed: 7,
        start: VisitSettings::default().start,
    })
    .iter()
    .map(|record| record.to_json())
    .collect();
    let bytes = records.iter().map(String::len).sum::<usize>() / records.len();
    let singles = records.iter().map(|record| request("/v1/track", record)).collect();
    let batches = records
        .chunks_exact(BATCH)
        .map(|records| request("/v1/batch", &format!(r#"{{"batch":[{}]}}"#, records.join(","))))
        .collect();
    let batch = measure(&mut server, batches, args.batch_connections, args.seconds)?;
    let single = measure(&mut server, singles, args.connections, args.seconds)?;
    drop(server);
    let round = |number: f64| number.round();
    let result = json!({
        "batch50_events_per_cpu_s": round(batch.requests * BATCH as f64 / batch.cpu),
        "single_requests_per_s": round(single.requests / single.wall),
        "batch50_events_per_s": round(batch.requests * BATCH as f64 / batch.wall),
        "single_requests_per_cpu_s": round(single.requests / single.cpu),
        "batch50_server_cpu_share": (batch.cpu / batch.wall * 100.0).round() / 100.0,
        "single_server_cpu_share": (single.cpu / single.wall * 100.0).round() / 100.0,
        "event_bytes": bytes,
    });
    println!("{}", if args.json { result.to_string() } else { serde_json::to_string_pretty(&result)? });
    Ok(())
}

/// What was done while it was looked at; seconds.
struct Measured {
    requests: f64,
    cpu: f64,
    wall: f64,
}

/// Sends requests over so many connections for some seconds, each of them over and over.
fn measure(
    server: &mut ServerProcess,
    requests: Vec<Vec<u8>>,
    connections: usize,
    seconds: u64,
) -> Result<Measured> {
    let load = Arc::new(Load {
        address: server.address,
        requests,
        next: AtomicUsize::new(0),
        answered: AtomicUsize::new(0),
        done: AtomicBool::new(false),
    });
    let sender = {
        let load = Arc::clone(&load);
        thread::spawn(move || load.send(connections))
    };
    thread::sleep(WARM_UP);
    let look = |server: &mut ServerProcess| -> Result<_> {
        Ok((load.answered.load(Ordering::Relaxed), server.cpu()?, Instant::now()))
    };
    let (before, cpu_before, began) = look(server)?;
    thread::sleep(Duration::from_secs(seconds));
    let (after, cpu_after, ended) = look(server)?;
    load.done.store(true, Ordering::Relaxed);
    sender.join().map_err(|_| anyhow!("the load ended by a fault of its own"))??;
    Ok(Measured {
        requests: (after - before) as f64,
        cpu: (cpu_after - cpu_before).as_secs_f64(),
        wall: (ended - began).as_secs_f64(),
    })
}

struct Load {
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    next: AtomicUsize,
    answered: AtomicUsize,
    done: AtomicBool,
}

impl Load {
    fn send(self: Arc<Load>, connections: usize) -> Result<()> {
        run_on(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let senders: Vec<_> =
                (0..connections).map(|_| tokio::spawn(Arc::clone(&self).connection())).collect();
            for sender in senders {
                sender.await??;
            }
            Ok(())
        })
    }

    /// Sends requests one after the other, each once the one before was answered.
    async fn connection(self: Arc<Load>) -> Result<()> {
        let stream = TcpStream::connect(self.address).await.context("connecting to the server")?;
        stream.set_nodelay(true)?;
        let mut answer = [0; 4_096];
        while !self.done.load(Ordering::Relaxed) {
            let nth = self.next.fetch_add(1, Ordering::Relaxed) % self.requests.len();
            let mut rest = &self.requests[nth][..];
            while !rest.is_empty() {
                match stream.try_write(rest) {
                    Ok(written) => rest = &rest[written..],
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => stream.writable().await?,
                    Err(error) => return Err(error).context("sending a request"),
                }
            }
            let mut len = 0;
            while !is_whole(&answer[..len]) {
                stream.readable().await?;
                match stream.try_read(&mut answer[len..]) {
                    Ok(0) => return Err(anyhow!("the server hung up, or its answer is too long")),
                    Ok(read) => len += read,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error).context("reading an answer"),
                }
            }
            ensure!(
                answer.starts_with(b"HTTP/1.1 200 ") && answer[..len].ends_with(b"\"rejected\":[]}"),
                "the server answered {}",
                String::from_utf8_lossy(&answer[..len])
            );
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Whether an answer has all of its body, which is JSON.
fn is_whole(answer: &[u8]) -> bool {
    answer.ends_with(b"}") && answer.windows(5).any(|place| place == b"\r\n\r\n{")
}

fn request(path: &str, body: &str) -> Vec<u8> {
    // printf 'bench-key:' | base64
    let key = "YmVuY2gta2V5Og==";
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {key}\r\nContent-Type: application/json\r\n\
         User-Agent: analytics-node-next/latest\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The server's own process: serves until its input ends.
fn serve(args: &EdgeArgs) -> Result<()> {
    run_on(0);
    let folder = args.scratch.folder()?;
    let intake = Intake::new(BusLog::open(&folder.path().join("bus"))?, Sealer::new(&[7; 32]));
    let parser = Parser::new(Pseudonymizer::new(b"benchmark"), ParserSettings::default());
    let keys = WriteKeys::new([("web".to_owned(), KEY.to_owned())]);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?);
    let path = folder.path().to_owned();
    thread::spawn(move || serve_edge(listener, intake, parser, keys, path));
    for line in std::io::stdin().lines() {
        match line?.as_str() {
            "cpu" => println!("{}", cpu_time().as_nanos()),
            _ => break,
        }
    }
    Ok(())
}
