//! The one thread that owns the installation: takes in what was published, lets what is due happen, answers.

use super::beside::Backtests;
use super::desk::{Inbox, Request};
use super::rights::Rights;
use crate::commands::ask::Question;
use crate::installation::{Installation, clock};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// How long what was taken in may wait for its commit, and timers for a look.
const SECOND: Duration = Duration::from_secs(1);
/// How long events wait for the lake at most, how old a report may be, and how long an idle store goes without a
/// commit.
const MINUTE: Duration = Duration::from_secs(60);

/// An installation while it is served.
pub struct Owner {
    installation: Installation,
    inbox: Inbox,
    committed: Instant,
    committed_position: i64,
    /// Since when events wait for the lake.
    waiting: Option<Instant>,
    /// Since when keys wait to be thrown away: what is on its way to the log may still be sealed under them.
    old_keys: Option<Instant>,
    /// When the keys were looked at.
    keys_seen: Instant,
    rights: Rights,
    backtests: Backtests,
    /// Whether the last turn left something to do.
    more: bool,
    /// When the last report was made, up to which position, and where it is.
    report: Option<(Instant, i64, PathBuf)>,
}

impl Owner {
    pub fn new(installation: Installation, inbox: Inbox) -> Owner {
        let now = Instant::now();
        Owner {
            installation,
            inbox,
            committed: now,
            committed_position: -1,
            waiting: None,
            old_keys: None,
            keys_seen: now,
            rights: Rights::default(),
            backtests: Backtests::default(),
            more: false,
            report: None,
        }
    }

    /// Works until it is told to stop, then takes in what is left and closes the installation. Returns a sentence
    /// that says what was done.
    ///
    /// # Errors
    /// The store, the log or the lake failed: a full disk, mostly. What was acknowledged is in the log.
    pub fn run(mut self) -> Result<String> {
        // What a crash left in the log does not wait for anybody.
        self.work()?;
        let mut last = false;
        while !last {
            let patience = if self.rights.is_busy() || self.more { Duration::ZERO } else { SECOND };
            match self.inbox.requests.recv_timeout(patience) {
                Ok(Request::Report(answer)) => {
                    let page = self.report();
                    let failed = page.as_ref().err().map(|error| format!("{error:#}"));
                    // Who asked may have gone.
                    let _ = answer.send(page.map_err(|error| format!("{error:#}")));
                    if let Some(reason) = failed {
                        eprintln!("rondo: no report: {reason}");
                    }
                }
                Ok(Request::Question(Question::Privacy { request }, answer))
                    if Rights::takes_long(&request) =>
                {
                    self.rights.put(*request, answer);
                }
                Ok(Request::Question(Question::Backtest(wanted), answer)) => {
                    self.backtests.begin(&mut self.installation, wanted, answer);
                }
                Ok(Request::Question(question, answer)) => {
                    let text = question.answer(&mut self.installation);
                    let _ = answer.send(text.map_err(|error| format!("{error:#}")));
                }
                Ok(Request::Placements(placements)) => self.installation.placements = placements,
                Ok(Request::Published) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => last = true,
            }
            self.inbox.seen();
            self.work()?;
            if !last {
                self.rights.go_on(&mut self.installation);
            }
        }
        std::mem::take(&mut self.rights).stop();
        let counts = self.installation.pump.counts;
        self.installation.close().context("closing")?;
        Ok(format!(
            "{} events taken in ({} duplicates), {} messages sent, {} refused, {} held",
            counts.events, counts.duplicates, counts.sent, counts.refused, counts.held
        ))
    }

    fn work(&mut self) -> Result<()> {
        self.more = self.installation.turn(&clock)?;
        let pump = &mut self.installation.pump;
        let (idle, since) = (pump.position() == self.committed_position, self.committed.elapsed());
        if since >= MINUTE || (!idle && since >= SECOND) {
            pump.commit()?;
            (self.committed, self.committed_position) = (Instant::now(), pump.position());
        }
        if pump.waiting_for_lake() == 0 {
            self.waiting = None;
        } else if self.waiting.get_or_insert_with(Instant::now).elapsed() >= MINUTE {
            pump.flush_lake()?;
            self.waiting = None;
        }
        self.throw_old_keys_away()
    }

    /// Ends a change of keys a minute after it was begun: no request is on its way so long.
    fn throw_old_keys_away(&mut self) -> Result<()> {
        if self.keys_seen.elapsed() < MINUTE {
            return Ok(());
        }
        self.keys_seen = Instant::now();
        if self.installation.old_keys()? == 0 {
            self.old_keys = None;
        } else if self.old_keys.get_or_insert_with(Instant::now).elapsed() >= MINUTE {
            self.installation.retire_keys(clock())?;
            self.old_keys = None;
        }
        Ok(())
    }

    fn report(&mut self) -> Result<PathBuf> {
        self.installation.pump.catch_up_by(&clock)?;
        let position = self.installation.pump.position();
        if let Some((made, at, page)) = &self.report
            && (made.elapsed() < MINUTE || *at == position)
        {
            return Ok(page.clone());
        }
        let page = self.installation.report(clock())?;
        self.report = Some((Instant::now(), position, page.clone()));
        Ok(page)
    }
}
