//! A file into an installation: batch by batch, each durable with the place it was read to.

use crate::installation::Installation;
use crate::pump::Pump;
use crate::stages::Stage;
use anyhow::{Context, Result};
use embedded::FrameBuilder;
use event::{Mapping, QualityCount};
use import_data::{Arena, Format, Position, SourceFile, convert};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Lines are taken in batches of so many bytes, or of as many lines as the pace says.
const BATCH_BYTES: usize = 2 << 20;

/// What an import came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    pub lines: u64,
    pub events: u64,
    pub rejected: u64,
    /// Records that gave no event and are kept nowhere, since their people were erased.
    pub withheld: u64,
    /// Rows that the mapping leaves out.
    pub skipped: u64,
    /// Lines that an earlier import of the same content had taken already.
    pub resumed_at: u64,
    /// Whether it was stopped before the end; it goes on from there the next time.
    pub stopped: bool,
}

/// Imports a file: history, which changes profiles, lake and reports. Campaigns see it as of the wall clock, so
/// that what happened long ago sends nothing, and due steps wait for the end of the file. The same content again does nothing more; a stopped import goes
/// on where it stopped. `progress` is told the bytes taken and the file's length.
pub fn import(
    installation: &mut Installation,
    path: &Path,
    mapping: Option<&Mapping>,
    stop: &AtomicBool,
    mut progress: impl FnMut(u64, u64),
) -> Result<Imported> {
    let file = SourceFile::open(path)?;
    let job = format!("import {}", file.fingerprint);
    let format = Format::of(mapping);
    let (name, length) = (file.name.clone(), file.fingerprint.length);
    // Also for what a killed import left in the log: the rest of its file is still to come.
    installation.pump.reading_history = true;
    installation.pump.catch_up(crate::installation::clock())?;
    let stored = installation.pump.store.get_meta(&job)?;
    let from =
        stored.and_then(|bytes| Position::parse(std::str::from_utf8(&bytes).ok()?)).unwrap_or_default();
    let mut imported = Imported { resumed_at: from.lines, ..Imported::default() };

    let mut rows = file.rows(from, mapping, BATCH_BYTES)?;
    let mut arena = Arena::default();
    let mut frame = FrameBuilder::default();
    loop {
        let now = crate::installation::clock();
        let taken = rows.taken();
        let Some(batch) = rows
            .next_batch(installation.pump.pace.lines)
            .map_err(|e| import_data::ImportError::reading(&name, &e))?
        else {
            break;
        };
        let end = batch.end;
        let pump = &mut installation.pump;
        let parser = &installation.parser;
        let converted =
            pump.stages.time(Stage::Parse, || convert(parser, format, &name, &batch, &mut arena, now));
        append(pump, &mut frame, &job, &name, &converted, end, now).with_context(|| {
            format!("{name}: stopped behind line {}; import it again to go on", end.lines)
        })?;
        imported.lines = end.lines - from.lines;
        imported.events += converted.events.len() as u64;
        imported.rejected += converted.rejected.len() as u64;
        imported.withheld += converted.dropped.len() as u64;
        imported.skipped += converted.skipped;
        let spare = converted.spare();
        arena.reuse(spare);
        progress(taken, length);
        if stop.load(Ordering::Relaxed) {
            imported.stopped = true;
            break;
        }
    }
    installation.pump.counts.quarantined += imported.rejected;
    if !imported.stopped {
        installation.pump.end_history(crate::installation::clock())?;
    }
    installation.pump.flush_lake()?;
    installation.pump.commit()?;
    Ok(imported)
}

/// One frame of the log with all that a batch gave and the place it was read to, then on through the loop.
fn append(
    pump: &mut Pump,
    frame: &mut FrameBuilder,
    job: &str,
    source: &str,
    batch: &import_data::Imported<'_>,
    end: Position,
    now: i64,
) -> Result<()> {
    // What others put into the log meanwhile (delivery reports) comes first.
    pump.catch_up(now)?;
    let Some(durable) = &pump.durable else { return Ok(()) };
    let position = end.to_string();
    let sequence = pump.stages.time(Stage::Log, || {
        batch.events.iter().for_each(|event| frame.event(event));
        durable.intake.frame_secrets(frame, &batch.secrets)?;
        durable.intake.frame_quarantined(frame, &batch.rejected)?;
        frame.counts(&QualityCount::of_dropped(batch.dropped.iter().copied(), source, now));
        frame.checkpoint(job, position.as_bytes());
        durable.log.append(frame, now)
    })?;
    if !batch.secrets.is_empty() || !batch.rejected.is_empty() || !batch.dropped.is_empty() {
        // Sealed values and counts go the way they would go after a crash: through the log.
        pump.catch_up(now)?;
        return Ok(());
    }
    // Before the events: whatever commit takes them has to take the place up to which they were read.
    pump.store.put_meta(job, position.as_bytes())?;
    pump.process(&batch.events, sequence, now, now)?;
    pump.pass(sequence + (batch.events.len() as i64).max(1))?;
    Ok(())
}
