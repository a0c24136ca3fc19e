//! What the loop has buffered for the lake, and how far the lake has come.

use super::{Durable, Pump};
use crate::stages::Stage;
use anyhow::{Context, Result};
use archive_events::BusRecord;
use event::Event;
use lake::{LakeFile, LakeStore};
use pollster::block_on;
use std::collections::HashSet;

/// Where the lake stands in the bus log: a file in it.
const ARCHIVED: &str = "archived";

impl Pump {
    /// Puts what is buffered for the lake into it. The lake's position is a file of its own, so that the store
    /// need not commit for it: either may be ahead of the other when the process ends.
    pub fn flush_lake(&mut self) -> Result<()> {
        let Some(durable) = &self.durable else { return Ok(()) };
        let archiver = &mut self.archiver;
        let archived = self.stages.time(Stage::Lake, || block_on(archiver.flush(&durable.lake)))?;
        match archived {
            Some(highest) => self.set_archived(highest + 1),
            None => Ok(()),
        }
    }

    /// Notes that the lake holds every event below a number.
    pub(super) fn set_archived(&mut self, archived: i64) -> Result<()> {
        let Some(durable) = self.durable.as_ref().filter(|_| archived > self.archived) else { return Ok(()) };
        let bytes = archived.to_string().into_bytes();
        block_on(LakeStore::put(&durable.lake, &LakeFile { path: ARCHIVED.into(), bytes }))?;
        self.archived = archived;
        Ok(())
    }

    /// Events that the lake does not hold yet.
    pub fn waiting_for_lake(&self) -> usize {
        self.archiver.len()
    }

    /// Buffers a batch that the log holds from `first_sequence` on, without those of it that are skipped.
    pub(super) fn archive(
        &mut self,
        events: &[Event<'_>],
        first_sequence: i64,
        appended_at: i64,
        skipped: &HashSet<u32>,
    ) {
        let (archiver, archived) = (&mut self.archiver, self.archived);
        self.stages.time(Stage::Lake, || {
            for (index, event) in (0..).zip(events) {
                let sequence = first_sequence + i64::from(index);
                if sequence < archived {
                    // The store is behind the lake after a crash: these rows are there already.
                } else if skipped.contains(&index) {
                    archiver.pass(sequence);
                } else {
                    archiver.push(BusRecord { sequence, appended_at, event });
                }
            }
        });
    }

    /// Buffers again what was buffered for the lake when the process ended.
    pub(super) fn catch_up_lake(&mut self) -> Result<()> {
        let Some(durable) = &self.durable else { return Ok(()) };
        let archived = self.archived;
        if archived >= self.position {
            return Ok(());
        }
        let skipped = self.store.duplicates_from(archived)?;
        let mut reader = durable.log.read_from(archived)?;
        while let Some(frame) = reader.next_frame()? {
            let events = frame.events().context("reading the bus log")?;
            for (sequence, event) in (frame.first_sequence..).zip(&events) {
                if (archived..self.position).contains(&sequence) {
                    if skipped.contains(&sequence) {
                        self.archiver.pass(sequence);
                    } else {
                        self.archiver.push(BusRecord { sequence, appended_at: frame.appended_at, event });
                    }
                }
            }
        }
        Ok(())
    }
}

/// The number up to which the lake holds the log's events.
pub(super) fn read_archived(durable: &Durable) -> Result<i64> {
    let Some(bytes) = durable.lake.read(ARCHIVED)? else { return Ok(0) };
    let text = String::from_utf8_lossy(&bytes);
    text.trim()
        .parse()
        .with_context(|| format!("the lake's file `{ARCHIVED}` holds no number; restore it from a copy"))
}
