//! The way from the threads that talk to the world to the one that owns the installation.

use crate::commands::ask::Question;
use campaign::Placements;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;

/// What the owner is asked for.
pub enum Request {
    /// The log has something new.
    Published,
    /// A page over everything up to now, not much older than a minute.
    Report(oneshot::Sender<Result<PathBuf, String>>),
    /// These are looked at from now on.
    Placements(Arc<Placements>),
    Question(Question, Sender<Result<String, String>>),
    /// Nothing more will come.
    Stop,
}

/// Puts requests to the owner. Cloning it shares it.
#[derive(Clone)]
pub struct Desk {
    requests: Sender<Request>,
    rung: Arc<AtomicBool>,
}

/// The owner's end.
pub struct Inbox {
    pub requests: Receiver<Request>,
    rung: Arc<AtomicBool>,
}

/// A desk and its inbox.
pub fn desk() -> (Desk, Inbox) {
    let (requests, received) = mpsc::channel();
    let rung = Arc::new(AtomicBool::new(false));
    (Desk { requests, rung: Arc::clone(&rung) }, Inbox { requests: received, rung })
}

impl Desk {
    /// Says that the log has something new. However often it is said, one notice waits at most.
    pub fn published(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.put(Request::Published);
        }
    }

    /// Nobody answers where the owner has gone: the sender of the answer is dropped with the request.
    pub fn put(&self, request: Request) {
        let _ = self.requests.send(request);
    }
}

impl Inbox {
    /// What is published from now on is to be said again.
    pub fn seen(&self) {
        self.rung.store(false, Ordering::Release);
    }
}
