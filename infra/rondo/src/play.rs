//! A log played as live traffic: the clock stands where its records were received, and timers and messages
//! happen when they would have.

use crate::installation::Installation;
use anyhow::Result;
use embedded::FrameBuilder;
use event::{Arrival, Came, Event, MINUTE, Parsed, Quarantined, Secret};

/// One line of a played log.
struct Played<'l> {
    /// When it was received, or would have been, UTC ms.
    at: i64,
    event: Option<Event<'l>>,
    secrets: Vec<Secret>,
    rejected: Option<Quarantined>,
}

impl Installation {
    /// Plays the Segment-spec records of a log in the order of its lines. They are taken in minute by minute;
    /// between them everything that is due happens at its time. Returns the time of the last.
    pub fn play(&mut self, source: &str, log: &[u8], mut progress: impl FnMut(u64, u64)) -> Result<i64> {
        let lines = self.read(source, log);
        let mut now = lines.first().map_or(0, |line| line.at);
        let (mut done, all) = (0, lines.len() as u64);
        for minute in lines.chunk_by(|a, b| a.at.div_euclid(MINUTE) == b.at.div_euclid(MINUTE)) {
            self.advance(now, minute[0].at)?;
            now = minute[minute.len() - 1].at;
            self.take(minute, now)?;
            self.tick(now)?;
            done += minute.len() as u64;
            progress(done, all);
        }
        Ok(now)
    }

    /// Lets time pass: what is due between two times happens, each at its own.
    pub fn advance(&mut self, from: i64, until: i64) -> Result<()> {
        let mut now = from;
        while let Some(next) = self.next_due(now)?.filter(|next| *next <= until) {
            // What is overdue happens now; time does not run backwards.
            now = next.max(now + 1);
            if now > until {
                break;
            }
            self.tick(now)?;
        }
        Ok(())
    }

    /// When the next timer, held message or campaign is due, UTC ms.
    fn next_due(&self, now: i64) -> Result<Option<i64>> {
        Ok(self.pump.next_due()?.into_iter().chain(self.pump.next_run(now)?).min())
    }

    /// Reads every line. A line that names no time is received when the one before it was.
    fn read<'l>(&mut self, source: &'l str, log: &'l [u8]) -> Vec<Played<'l>> {
        let mut lines = Vec::new();
        let mut now = i64::MIN;
        for (number, line) in (1..).zip(log.split(|byte| *byte == b'\n')) {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            // Before the first record, nothing is known of the time.
            let arrival = Arrival::Recorded { now: if now == i64::MIN { i64::MAX / 2 } else { now } };
            let played = match self.parser.parse(line, source, arrival) {
                Ok(Parsed { event, secrets }) => {
                    now = now.max(event.received_at);
                    Played { at: now, event: Some(event), secrets, rejected: None }
                }
                Err(rejection) if !rejection.code.is_kept() => {
                    Played { at: now.max(0), event: None, secrets: Vec::new(), rejected: None }
                }
                Err(rejection) => {
                    let source = format!("{source}:{number}");
                    let at = now.max(0);
                    let rejected =
                        Quarantined { at, source, rejection, original: line.to_vec(), came: Came::default() };
                    Played { at, event: None, secrets: Vec::new(), rejected: Some(rejected) }
                }
            };
            lines.push(played);
        }
        lines
    }

    /// Appends lines to the log and takes them in.
    fn take(&mut self, lines: &[Played<'_>], now: i64) -> Result<()> {
        if let Some(durable) = &self.pump.durable {
            let mut frame = FrameBuilder::default();
            for line in lines {
                line.event.iter().for_each(|event| frame.event(event));
                durable.intake.frame_secrets(&mut frame, &line.secrets)?;
                durable.intake.frame_quarantined(&mut frame, line.rejected.as_slice())?;
            }
            durable.log.append(&mut frame, now)?;
        }
        self.pump.counts.quarantined += lines.iter().filter(|line| line.rejected.is_some()).count() as u64;
        self.pump.catch_up(now)?;
        Ok(())
    }
}
