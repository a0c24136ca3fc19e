//! The HTTP side: connections, bodies within bounds, and answers.

use super::desk::Desk;
use super::lane::Lane;
use super::pages;
use crate::installation::clock;
use bytes::Bytes;
use collect_events::{Deps, MAX_SENT, WriteKeys};
use embedded::{Intake, PrivacyFolder};
use event::{Parser, iso_time};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::borrow::Cow;
use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How many connections are open at once; more wait to be accepted.
const CONNECTIONS: usize = 512;
/// How long a client may take for the head of a request, also of the next one on the same connection.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long it may take for the body.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How much of a body that is too large is read and dropped, so that its sender gets to read the answer.
const DROPPED: usize = 8 << 20;
/// How large a body may be of which there may be as many as there are connections.
const MAX_SMALL: usize = 512 << 10;
/// How many may be larger at once.
const LARGE_BODIES: usize = 16;
/// How long requests that are under way may take once the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

pub type Answer = Response<Full<Bytes>>;

/// What every request needs.
pub struct Door {
    pub intake: Intake,
    pub parser: Parser,
    keys: RwLock<Arc<WriteKeys>>,
    /// Places for bodies that are large.
    large: Semaphore,
    pub desk: Desk,
    /// What customers ask for through the systems of shops.
    requests: PrivacyFolder,
    /// Decisions about visitors, where they are made.
    pub lane: Option<Arc<Lane>>,
    /// The data folder.
    pub folder: PathBuf,
    /// Set once nothing more is taken.
    pub closed: AtomicBool,
    /// Wakes the server to stop.
    pub stop: Notify,
    /// Requests that were answered, and those of them that failed on this side.
    pub answered: AtomicU64,
    pub failed: AtomicU64,
}

impl Door {
    /// The door to an installation's intake. `folder` is the data folder.
    pub fn new(intake: Intake, parser: Parser, write_keys: WriteKeys, desk: Desk, folder: PathBuf) -> Door {
        Door {
            intake,
            parser,
            keys: RwLock::new(Arc::new(write_keys)),
            large: Semaphore::new(LARGE_BODIES),
            desk,
            requests: PrivacyFolder::new(folder.join("privacy")),
            lane: None,
            folder,
            closed: AtomicBool::new(false),
            stop: Notify::new(),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Other keys are known from now on.
    pub fn change_keys(&self, keys: WriteKeys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    fn write_keys(&self) -> Arc<WriteKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Serves until an interrupt, or until [`Door::stop`] is notified; then finishes the requests that are under way.
/// `ready` is called once connections are accepted and an interrupt is heard.
pub async fn serve(listener: TcpListener, door: Arc<Door>, ready: impl FnOnce()) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    ready();
    loop {
        let next = async { (Arc::clone(&free).acquire_owned().await, listener.accept().await) };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            () = door.stop.notified() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => {
                // Answers are small, and whole when they are written.
                let _ = stream.set_nodelay(true);
                stream
            }
            Err(error) => {
                // Too many open files, mostly: others close.
                eprintln!("rondo: {}: a connection was not accepted: {error}", iso_time(clock()));
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let connection = graceful.watch(connection(stream, Arc::clone(&door)));
        tokio::spawn(async move {
            // A connection that breaks is its client's affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    // Who asks a second time does not want to wait; what was acknowledged is in the log.
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let _ =
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::new(AtomicBool::new(true)));
    }
    let _ = timeout(LAST_REQUESTS, graceful.shutdown()).await;
    Ok(())
}

type Connection<S> = http1::Connection<TokioIo<TcpStream>, S>;

fn connection(
    stream: TcpStream,
    door: Arc<Door>,
) -> Connection<
    impl hyper::service::Service<Request<Incoming>, Response = Answer, Error = Infallible, Future: Send>,
> {
    let service = service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { Ok(answer(door, request).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(64 << 10);
    server.serve_connection(TokioIo::new(stream), service)
}

async fn answer(door: Arc<Door>, request: Request<Incoming>) -> Answer {
    let answer = route(Arc::clone(&door), request).await;
    door.answered.fetch_add(1, Ordering::Relaxed);
    if answer.status().is_server_error() {
        door.failed.fetch_add(1, Ordering::Relaxed);
    }
    answer
}

async fn route(door: Arc<Door>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if head.method == Method::GET && pages::is_page(path) {
        return pages::page(&door.desk, &door.folder, path).await;
    }
    if door.closed.load(Ordering::Acquire) {
        return unavailable();
    }
    let body = match read(body, &door.large).await {
        Ok(body) => body,
        Err(StatusCode::SERVICE_UNAVAILABLE) => return unavailable(),
        Err(status) => return plain(status),
    };
    if let Some(lane) = door.lane.as_ref().filter(|_| path.trim_end_matches('/') == decide_experience::PATH) {
        return lane.answer(&head, &body).await;
    }
    let answer = collect(&door, &head, &body).await;
    if head.method != Method::OPTIONS {
        door.desk.published();
    }
    answer
}

/// The body, or of one that is too large its first bytes, which are too many all the same.
async fn read(mut body: Incoming, large: &Semaphore) -> Result<Bytes, StatusCode> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let deadline = Instant::now() + BODY_TIME;
    let next = async |body: &mut Incoming| {
        let frame = timeout_at(deadline, body.frame()).await.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
        frame.transpose().map_err(|_| StatusCode::BAD_REQUEST)
    };
    let first = next(&mut body).await?.and_then(|frame| frame.into_data().ok()).unwrap_or_default();
    if body.is_end_stream() && first.len() <= MAX_SENT {
        return Ok(first);
    }
    let expected = body.size_hint().upper().unwrap_or(0).min(MAX_SMALL as u64) as usize;
    let mut bytes = Vec::with_capacity(first.len() + expected);
    let mut place = None;
    let mut dropped = 0;
    let mut data = first;
    loop {
        if place.is_none() && bytes.len() + data.len() > MAX_SMALL {
            let free = timeout_at(deadline, large.acquire()).await;
            place = Some(free.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?);
        }
        let room = (MAX_SENT + 1).saturating_sub(bytes.len()).min(data.len());
        bytes.extend_from_slice(&data[..room]);
        dropped += data.len() - room;
        if dropped > DROPPED {
            break;
        }
        let Some(frame) = next(&mut body).await? else { break };
        data = frame.into_data().unwrap_or_default();
    }
    Ok(bytes.into())
}

/// Runs collect-events on a request.
async fn collect(door: &Door, head: &hyper::http::request::Parts, body: &[u8]) -> Answer {
    let headers: Vec<(&str, &str)> =
        head.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let request = collect_events::Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &headers,
        body,
        now: clock(),
    };
    let write_keys = door.write_keys();
    let deps = Deps {
        bus: &door.intake,
        vault: &door.intake,
        quarantine: &door.intake,
        requests: &door.requests,
        parser: &door.parser,
        write_keys: &write_keys,
    };
    let response = collect_events::run(&deps, &request).await;
    if let Some(cause) = &response.cause {
        let (at, bytes) = (iso_time(request.now), body.len());
        eprintln!("rondo: {at}: a request of {bytes} bytes was answered {}: {cause}", response.status);
    }
    let mut answer =
        plain(StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in response.headers {
        let value = match value {
            Cow::Borrowed(value) => HeaderValue::from_static(value),
            Cow::Owned(value) => match HeaderValue::try_from(value) {
                Ok(value) => value,
                Err(_) => continue,
            },
        };
        answer.headers_mut().insert(HeaderName::from_static(name), value);
    }
    *answer.body_mut() = Full::new(match response.body {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    });
    answer
}

fn unavailable() -> Answer {
    let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("30"));
    answer
}

fn plain(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
