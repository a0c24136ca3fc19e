//! Decisions about visitors, on a thread and at an address of their own: neither events that come in nor messages that go
//! out hold them up. They read what the store last committed.

use super::desk::Desk;
use super::followed::Followed;
use super::http::Answer;
use crate::installation::{Installation, clock};
use anyhow::{Context, Result};
use bytes::Bytes;
use campaign::placement::Products;
use campaign::{Campaigns, Creatives, Placements, Share, Utm};
use decide_experience::{Deps, HotProfiles, KEPT_BYTES, MAX_SENT, ReadKeys, Request, run, visitor_parser};
use embedded::{Intake, Reader};
use event::{Event, EventBus, Parser, SECOND, iso_time};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use valkey::Valkey;

/// How many connections are open at once; more wait to be accepted.
const CONNECTIONS: usize = 512;
/// How long a visitor's browser may take for the head of a request, or its body.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many answers' exposures are on their way to the log at once.
const TELLING: usize = 1_024;
/// How long a profile is taken for what it was, ms: the store commits once a second.
const FRESH_FOR: i64 = SECOND;
/// The variable that names the server in which processes share profiles.
const REDIS_URL: &str = "REDIS_URL";

/// What decisions are made by.
pub struct Lane {
    reader: Reader,
    hot: Arc<HotProfiles>,
    /// Where it is told which arms of experiments were shown, and who is to be told of that.
    intake: Intake,
    desk: Desk,
    /// Places for exposures that are on their way to the log: a page does not wait for it.
    telling: Arc<Semaphore>,
    /// What processes share of the store, where there is a place for it.
    valkey: Option<Valkey>,
    placements: RwLock<Arc<Placements>>,
    campaigns: Arc<Campaigns>,
    utm: Option<Utm>,
    holdout: Share,
    parser: Parser,
    keys: RwLock<Arc<ReadKeys>>,
    /// Of the last report.
    products: Followed<Products>,
    /// What `rondo learn` learned last; and nothing, for before it did.
    learned: Followed<Creatives>,
    nothing_learned: Creatives,
}

impl Lane {
    pub fn new(
        installation: &Installation,
        intake: Intake,
        desk: Desk,
        keys: ReadKeys,
        valkey: Option<Valkey>,
    ) -> Lane {
        Lane {
            reader: installation.pump.store.reader(),
            hot: Arc::new(HotProfiles::new(KEPT_BYTES, FRESH_FOR)),
            intake,
            desk,
            telling: Arc::new(Semaphore::new(TELLING)),
            valkey,
            placements: RwLock::new(Arc::clone(&installation.placements)),
            campaigns: Arc::clone(&installation.pump.campaigns),
            utm: installation.delivery.utm.clone(),
            holdout: installation.delivery.holdout,
            parser: visitor_parser(&installation.parser),
            keys: RwLock::new(Arc::new(keys)),
            products: Followed::new(installation.folder.join("reports/latest/products.json"), |bytes| {
                serde_json::from_slice(bytes).ok()
            }),
            nothing_learned: Creatives::default(),
            learned: Followed::new(installation.folder.join(Creatives::PATH), |bytes| {
                Creatives::decode(bytes).ok()
            }),
        }
    }

    /// Other keys are known from now on.
    pub fn change_keys(&self, keys: ReadKeys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Other placements are shown from now on.
    pub fn change_placements(&self, placements: Arc<Placements>) {
        *self.placements.write().unwrap_or_else(PoisonError::into_inner) = placements;
    }

    /// Answers one request.
    pub async fn answer(&self, head: &Parts, body: &[u8]) -> Answer {
        let headers: Vec<(&str, &str)> = head
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let request = Request {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &headers,
            body,
            now: clock(),
        };
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let placements = Arc::clone(&self.placements.read().unwrap_or_else(PoisonError::into_inner));
        let products = self.products.current(request.now);
        let learned = self.learned.current(request.now);
        let shared = self.valkey.as_ref().map(|valkey| valkey.sealed(self.parser.hasher()));
        let deps = Deps {
            store: &self.reader,
            shared: &shared,
            hot: &self.hot,
            placements: &placements,
            campaigns: &self.campaigns,
            utm: self.utm.as_ref(),
            products: products.as_deref(),
            learned: learned.as_deref().unwrap_or(&self.nothing_learned),
            parser: &self.parser,
            keys: &keys,
            holdout: self.holdout,
        };
        let response = run(&deps, &request).await;
        if let Some(cause) = &response.cause {
            eprintln!("rondo: {}: a visitor sees defaults: {cause}", iso_time(request.now));
        }
        self.tell(response.exposures);
        let mut answer = Response::new(Full::new(Bytes::from(response.body)));
        *answer.status_mut() =
            StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in response.headers {
            if let Ok(value) = HeaderValue::try_from(value.as_ref()) {
                answer.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        answer
    }

    /// Puts exposures into the log, beside the answer. Those that find no place, or fail, are told the next time.
    fn tell(&self, exposures: Vec<Event<'static>>) {
        if exposures.is_empty() {
            return;
        }
        let Ok(place) = Arc::clone(&self.telling).try_acquire_owned() else {
            self.hot.forget(&exposures);
            return;
        };
        let (intake, desk, hot) = (self.intake.clone(), self.desk.clone(), Arc::clone(&self.hot));
        tokio::spawn(async move {
            match intake.publish(&exposures).await {
                Ok(()) => desk.published(),
                Err(error) => {
                    eprintln!("rondo: {}: what visitors were shown is not told: {error}", iso_time(clock()));
                    hot.forget(&exposures);
                }
            }
            drop(place);
        });
    }
}

/// The server in which processes share profiles, where the environment names one.
#[allow(clippy::disallowed_methods)] // the edge, where settings come in
pub fn shared_profiles() -> Result<Option<Valkey>> {
    let named = std::env::var(REDIS_URL).ok().filter(|address| !address.trim().is_empty());
    Ok(named.map(|address| Valkey::new(address.trim(), FRESH_FOR)).transpose()?)
}

/// Serves a lane's own address on a thread of its own, for as long as the process lives.
pub fn serve(listener: TcpListener, lane: Arc<Lane>) -> Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the server of decisions")?;
    let listener = {
        let _inside = runtime.enter();
        // On this thread: nothing that comes in holds up what decisions ask.
        if let Some(valkey) = &lane.valkey {
            valkey.connect();
        }
        tokio::net::TcpListener::from_std(listener)?
    };
    thread::Builder::new()
        .name("decide".into())
        .spawn(move || runtime.block_on(accept(listener, lane)))
        .context("starting the server of decisions")?;
    Ok(())
}

async fn accept(listener: tokio::net::TcpListener, lane: Arc<Lane>) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&free).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, mostly: others close.
                eprintln!("rondo: {}: a connection was not accepted: {error}", iso_time(clock()));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let lane = Arc::clone(&lane);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let lane = Arc::clone(&lane);
                async move { Ok::<_, Infallible>(read_and_answer(&lane, request).await) }
            });
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(64 << 10);
            // A connection that breaks is its browser's affair.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}

async fn read_and_answer(lane: &Lane, request: hyper::Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    // One byte more than is taken, so that who sends too much is told.
    let body = timeout(PATIENCE, Limited::new(body, MAX_SENT + 1).collect()).await;
    match body {
        Ok(Ok(body)) => lane.answer(&head, &body.to_bytes()).await,
        Ok(Err(_)) => lane.answer(&head, &[0; MAX_SENT + 1]).await,
        Err(_) => {
            let mut answer = Answer::default();
            *answer.status_mut() = StatusCode::REQUEST_TIMEOUT;
            answer
        }
    }
}
