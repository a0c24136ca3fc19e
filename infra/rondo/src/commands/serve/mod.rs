//! `rondo serve`: takes events over HTTP and keeps the loop running.

mod beside;
mod desk;
mod followed;
mod http;
mod lane;
mod owner;
mod pages;
mod rights;
mod socket;
mod watched;

use crate::commands::DataFolder;
use crate::commands::say::say;
use crate::commands::write_keys::WriteKeyArgs;
use crate::config_folder::read_config;
use crate::installation::Installation;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use collect_events::{RateLimits, WriteKeys};
use decide_experience::ReadKeys;
use desk::{Desk, Request, desk};
use embedded::Intake;
use event::Parser;
use http::Door;
use lane::Lane;
use owner::Owner;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use watched::Watched;

/// Threads that read files for pages.
const READERS: usize = 4;
/// How long reads that are under way may take once all connections are closed.
const LAST_READS: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Listen on an address that other machines reach. There is no TLS here, and the report asks for no key: put a
    /// proxy in front
    #[arg(long)]
    public: bool,
    /// Where to answer what visitors are shown as well, on a thread that events don't hold up; port 0 takes a free one.
    /// Several servers share profiles for a second where REDIS_URL names a Valkey or Redis
    #[arg(long, value_name = "ADDRESS:PORT")]
    decide: Option<SocketAddr>,
    #[command(flatten)]
    write_keys: WriteKeyArgs,
    #[command(flatten)]
    data: DataFolder,
}

/// Serves until Ctrl-C or SIGTERM.
pub fn serve(args: &ServeArgs) -> Result<()> {
    let write_keys = args.write_keys.read()?;
    let (config, problems) = read_config(&args.data.path.join("config"));
    // Mistakes are told as the installation is opened.
    if write_keys.is_empty() && config.settings.write_keys.is_empty() && problems.is_empty() {
        bail!(
            "a write key is needed, so that not everybody can send events: choose one, for example\n  \
             rondo serve --write-key my-shop-key\n\
             and give it to the pages and programs that send. It may also stand in the environment: RONDO_WRITE_KEY; \
             or `rondo key` makes one, whose digest goes into the write_keys of settings.yaml"
        );
    }
    let shared_profiles = lane::shared_profiles()?;
    let listener = bind(args.listen, args.public, "--listen")?;
    let decide = args.decide.map(|address| bind(address, args.public, "--decide")).transpose()?;
    let installation = Installation::open(&args.data.path)?;
    let intake = installation.pump.durable.as_ref().map(|durable| durable.intake.clone());
    let intake = intake.context("the installation has no bus log")?;
    let (desk, inbox) = desk();
    let decide_address = decide.as_ref().map(TcpListener::local_addr).transpose()?;
    let start_line = start_line(
        &listener.local_addr()?,
        decide_address.as_ref(),
        &args.data.path,
        &write_keys.sources(&installation.write_keys),
        &installation,
    );
    let limits = RateLimits::new(installation.rate_limits.clone());
    let kept = write_keys.clone();
    let given = write_keys.digests();
    let keys = given.clone().and_digests(installation.write_keys.clone());
    let keys = keys.and_webhooks(installation.webhooks.clone()).limited(limits.clone());
    let intake = intake.grouped().context("starting the thread that writes the log")?;
    let read_keys = kept.read_keys(&installation.write_keys);
    let lane = Lane::new(&installation, intake.clone(), desk.clone(), read_keys, shared_profiles);
    let lane = Arc::new(lane);
    if let Some(listener) = decide {
        lane::serve(listener, Arc::clone(&lane))?;
    }
    let mut door = Door::new(intake, installation.parser.clone(), keys, desk.clone(), args.data.path.clone());
    door.lane = Some(lane);
    let door = Arc::new(door);
    let watched = Watched {
        folder: args.data.path.join("config"),
        asked: kept,
        given,
        webhooks: installation.webhooks.clone(),
        limits,
        desk: desk.clone(),
    };
    let questions = socket::listen(&args.data.path, desk.clone());
    let server = {
        let (door, end) = (Arc::clone(&door), End(desk));
        let ready = move || say(&start_line);
        thread::Builder::new()
            .name("http".into())
            .spawn(move || serve_http(listener, door, ready, end, Some(watched)))?
    };

    let worked = Owner::new(installation, inbox).run();
    if worked.is_err() {
        // Nobody is told any more that their events were taken.
        door.closed.store(true, Ordering::Release);
        door.stop.notify_one();
    }
    let served = server.join().map_err(|_| anyhow!("the HTTP server ended by a fault of its own"));
    drop(questions);
    let done = worked.context(
        "stopped; nothing that was acknowledged is lost: free space or mend the disk, and start again",
    )?;
    served??;
    let (answered, failed) = (door.answered.load(Ordering::Relaxed), door.failed.load(Ordering::Relaxed));
    say(&format!("Stopped: {answered} requests ({failed} failed), {done}."));
    Ok(())
}

/// Listens on an address, which only this machine reaches unless that is meant.
fn bind(address: SocketAddr, public: bool, option: &str) -> Result<TcpListener> {
    if !address.ip().is_loopback() && !public {
        bail!(
            "{address} can be reached from other machines, and there is no TLS here; listen on 127.0.0.1 behind a \
             proxy, or add --public"
        );
    }
    TcpListener::bind(address).with_context(|| {
        format!("{address} can't be listened on; is it in use? Choose another with {option}")
    })
}

/// Serves requests into a log, and nothing behind it: the part of `rondo serve` that is measured by itself.
pub fn serve_edge(
    listener: TcpListener,
    intake: Intake,
    parser: Parser,
    keys: WriteKeys,
    folder: PathBuf,
) -> Result<()> {
    // Nobody reads what is put here; a notice is put but once.
    let (desk, _inbox) = desk();
    let intake = intake.grouped().context("starting the thread that writes the log")?;
    let door = Arc::new(Door::new(intake, parser, keys, desk.clone(), folder));
    serve_http(listener, door, || {}, End(desk), None)
}

/// Tells the owner that the server has ended, however it did.
struct End(Desk);

impl Drop for End {
    fn drop(&mut self) {
        self.0.put(Request::Stop);
    }
}

/// Runs the server in a runtime of its own.
fn serve_http(
    listener: TcpListener,
    door: Arc<Door>,
    ready: impl FnOnce(),
    _end: End,
    watched: Option<Watched>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(READERS)
        .build()
        .context("starting the HTTP server")?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        if let Some(watched) = watched {
            tokio::spawn(watched.watch(Arc::clone(&door)));
        }
        http::serve(tokio::net::TcpListener::from_std(listener)?, door, ready).await
    })?;
    runtime.shutdown_timeout(LAST_READS);
    Ok(())
}

/// Serves decisions for as long as the process lives, and nothing else: the part of `rondo serve` that is measured by
/// itself.
pub fn serve_decisions(listener: TcpListener, installation: &Installation, keys: ReadKeys) -> Result<()> {
    let durable = installation.pump.durable.as_ref().context("the installation has no bus log")?;
    let intake = durable.intake.clone().grouped().context("starting the thread that writes the log")?;
    // Nobody reads what is put here; a notice is put but once.
    let (desk, _inbox) = desk();
    lane::serve(listener, Arc::new(Lane::new(installation, intake, desk, keys, None)))
}

fn start_line(
    address: &SocketAddr,
    decide: Option<&SocketAddr>,
    folder: &Path,
    sources: &str,
    installation: &Installation,
) -> String {
    let mut text = format!(
        "Rondo takes events at http://{address} (sources: {sources}) into {}\n\
         Try    curl -u KEY: http://{address}/v1/track -d '{{\"userId\":\"ann-1\",\"event\":\"Product Viewed\"}}'\n\
         then   rondo profile ann-1 --data {}\n\
         Report http://{address}/   Stop with Ctrl-C",
        folder.display(),
        folder.display()
    );
    if let Some(decide) = decide {
        text += &format!("\nVisitors are decided about at http://{decide}{}", decide_experience::PATH);
    }
    if installation.pump.campaigns.iter().next().is_none() {
        text += &format!(
            "\nThere are no campaigns yet; they live in {}",
            folder.join("config/campaigns").display()
        );
    }
    if let Ok(waiting @ 1..) = installation.requests_waiting() {
        text += &format!(
            "\n{waiting} requests of customers wait for an answer; `rondo privacy requests` shows them"
        );
    }
    if !installation.unknown.is_empty() {
        text += &format!(
            "\n{} messages may or may not have been sent when the last run ended; `rondo why ID` shows them",
            installation.unknown.len()
        );
    }
    text
}
