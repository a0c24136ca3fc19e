//! A log played as live traffic: the clock stands where its records were received, and timers and messages
//! happen when they would have.

use crate::installation::Installation;
use anyhow::Result;
use event::{Event, MINUTE};

impl Installation {
    /// Takes events in the order of their receipt, minute by minute; between them everything that is due
    /// happens at its time. Returns the time of the last.
    pub fn play(&mut self, events: &[Event<'_>], mut progress: impl FnMut(u64, u64)) -> Result<i64> {
        let minute = |event: &Event<'_>| event.received_at.div_euclid(MINUTE);
        let mut now = events.first().map_or(0, |event| event.received_at);
        let mut done = 0;
        for batch in events.chunk_by(|a, b| minute(a) == minute(b)) {
            let until = batch[0].received_at;
            self.advance(now, until)?;
            now = batch.iter().map(|event| event.received_at).fold(until, i64::max);
            self.take(batch, now)?;
            self.tick(now)?;
            done += batch.len() as u64;
            progress(done, events.len() as u64);
        }
        Ok(now)
    }

    /// Lets time pass: what is due between two times happens, each at its own.
    pub fn advance(&mut self, from: i64, until: i64) -> Result<()> {
        let mut now = from;
        while let Some(next) = self.next_due()?.filter(|next| *next <= until) {
            // What is overdue happens now; time does not run backwards.
            now = next.max(now + 1);
            if now > until {
                break;
            }
            self.tick(now)?;
        }
        Ok(())
    }

    /// When the next timer or held message is due, UTC ms.
    fn next_due(&self) -> Result<Option<i64>> {
        let timer = self.pump.store.next_timer()?.map(|minute| i64::from(minute) * MINUTE);
        let (_, held) = self.pump.store.queued_actions()?;
        Ok(timer.into_iter().chain(held).min())
    }

    /// Appends events to the log and takes them in.
    fn take(&mut self, events: &[Event<'_>], now: i64) -> Result<()> {
        if let Some(durable) = &self.pump.durable {
            let mut frame = embedded::FrameBuilder::default();
            events.iter().for_each(|event| frame.event(event));
            durable.log.append(&mut frame, now)?;
        }
        self.pump.catch_up(now)?;
        Ok(())
    }
}
