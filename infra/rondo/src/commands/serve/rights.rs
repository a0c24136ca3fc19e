//! Erasures, done in parts between what else the owner does.

use crate::installation::{Installation, clock};
use crate::privacy::{Erasure, Honoring};
use honor_privacy::{Action, Request};
use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// How often requests of customers are looked for that need nobody's approval.
const LOOK: Duration = Duration::from_secs(10);

type Asker = Sender<Result<String, String>>;

/// Erasures under way and those that wait for them, one after the other.
#[derive(Default)]
pub struct Rights {
    under_way: Option<(Erasure, Option<Asker>)>,
    waiting: VecDeque<(Request, Option<Asker>)>,
    looked: Option<Instant>,
}

impl Rights {
    /// Whether a request may take long.
    pub fn takes_long(request: &Request) -> bool {
        matches!(request.action, Action::Erase | Action::Approve)
    }

    pub fn put(&mut self, request: Request, asker: Asker) {
        self.waiting.push_back((request, Some(asker)));
    }

    /// Whether there is something to go on with at once.
    pub fn is_busy(&self) -> bool {
        self.under_way.is_some() || !self.waiting.is_empty()
    }

    /// Does the next part.
    pub fn go_on(&mut self, installation: &mut Installation) {
        if let Some((mut erasure, asker)) = self.under_way.take() {
            match installation.erase_part(&mut erasure) {
                Ok(None) => self.under_way = Some((erasure, asker)),
                Ok(Some(answer)) => reply(asker, Ok(answer.to_string())),
                Err(error) => reply(asker, Err(error)),
            }
        } else if let Some((request, asker)) = self.waiting.pop_front() {
            match installation.begin_to_honor(&request, clock()) {
                Ok(Honoring::Met(answer)) => reply(asker, Ok(answer.to_string())),
                Ok(Honoring::Erasing(erasure)) => self.under_way = Some((*erasure, asker)),
                Err(error) => reply(asker, Err(error)),
            }
        } else if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            self.looked = Some(Instant::now());
            match installation.erasures_due(clock()) {
                Ok(due) => self.waiting.extend(due.into_iter().map(|request| (request, None))),
                Err(error) => eprintln!("rondo: the requests of customers could not be read: {error:#}"),
            }
        }
    }

    /// Tells who waits that the server stops.
    pub fn stop(self) {
        let later = "the server is stopping; what was begun goes on when it is started next";
        for asker in self
            .under_way
            .into_iter()
            .map(|(_, asker)| asker)
            .chain(self.waiting.into_iter().map(|(_, asker)| asker))
        {
            reply(asker, Err(anyhow::anyhow!(later)));
        }
    }
}

/// Who asked may have gone; what nobody asked for is told in the log.
fn reply(asker: Option<Asker>, answer: anyhow::Result<String>) {
    let answer = answer.map_err(|error| format!("{error:#}"));
    match (asker, answer) {
        (Some(asker), answer) => drop(asker.send(answer)),
        (None, Err(reason)) => eprintln!("rondo: an erasure that a customer asked for failed: {reason}"),
        (None, Ok(_)) => {
            eprintln!("rondo: an erasure that a customer asked for is done; `rondo privacy log` has it")
        }
    }
}
