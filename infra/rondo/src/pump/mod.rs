//! The loop on one machine: plays the bus, the change stream, the queues and the schedules, and calls each
//! function's own code on typed values.

mod archive;
mod triggers;

use crate::counts::Counts;
use crate::pace::Pace;
use crate::stages::{Stage, Stages};
use anyhow::{Result, bail};
use archive::read_archived;
use archive_events::Archiver;
use campaign::Campaigns;
use embedded::{BusLog, Intake, LakeFolder, Store};
use event::{Code, Event, MINUTE, Privacy, Quarantine, names};
use jiff::tz::TimeZone;
use person::IdentityRules;
use pollster::block_on;
use std::collections::HashSet;
use std::sync::Arc;

/// Where the loop stands in the bus log.
const POSITION: &str = "position";

/// What the loop writes beside the store.
pub struct Durable {
    pub log: BusLog,
    pub intake: Intake,
    pub lake: LakeFolder,
}

/// The loop. What it takes in is durable with the store's next commit, together with its position in the log:
/// after a kill it goes on from there.
pub struct Pump {
    pub store: Store,
    /// Nothing for a loop in memory.
    pub durable: Option<Durable>,
    pub campaigns: Arc<Campaigns>,
    /// Whose events are not taken any further, since they were erased after them.
    pub privacy: Arc<Privacy>,
    /// How many identifiers a person may have.
    pub identity: IdentityRules,
    /// How long a due step waits for late events, ms.
    pub lateness: i64,
    /// The calendar of people who told no time zone of their own.
    pub zone: TimeZone,
    pub pace: Pace,
    /// Set while a file is imported: due steps wait for its end, since what cancels them may stand further on.
    pub reading_history: bool,
    /// Where actions go: to the store's queues, or only counted.
    pub count_actions_only: bool,
    pub counts: Counts,
    pub stages: Stages,
    archiver: Archiver,
    position: i64,
    /// The lake holds all events below this number.
    archived: i64,
    /// The part of the log below this was forgotten.
    forgotten: i64,
    uncommitted: u64,
    fired: u32,
}

impl Pump {
    /// A loop over a store. With a log and a lake, it first takes up what a crash left: events that the lake has
    /// not seen, then events that the store has not.
    pub fn open(store: Store, durable: Option<Durable>, campaigns: Campaigns, lateness: i64) -> Result<Pump> {
        let position = read_position(&store, POSITION)?;
        if let Some(durable) = &durable
            && durable.log.end() < position
        {
            bail!(
                "{} ends at event {}, but {position} events of it were taken in; restore it from a copy",
                durable.log.folder().display(),
                durable.log.end()
            );
        }
        // The store's own dedupe window decides what the lake holds, so that the archiver needs none.
        let settings = archive_events::Settings { drop_duplicates: false, ..Default::default() };
        let archived = durable.as_ref().map_or(Ok(0), read_archived)?;
        let mut pump = Pump {
            archived,
            archiver: Archiver::new("bus", settings),
            store,
            durable,
            campaigns: Arc::new(campaigns),
            privacy: Arc::default(),
            identity: IdentityRules::default(),
            lateness,
            zone: TimeZone::UTC,
            pace: Pace::default(),
            reading_history: false,
            count_actions_only: false,
            counts: Counts::default(),
            stages: Stages::default(),
            position,
            forgotten: 0,
            uncommitted: 0,
            fired: 0,
        };
        pump.catch_up_lake()?;
        Ok(pump)
    }

    /// Takes the log's frames from where the loop stands to its end; `now` is UTC ms. Returns the number of
    /// events.
    pub fn catch_up(&mut self, now: i64) -> Result<u64> {
        self.catch_up_by(&|| now)
    }

    /// The same by a clock that goes on meanwhile: no frame is looked at by a time before its own.
    pub fn catch_up_by(&mut self, clock: &dyn Fn() -> i64) -> Result<u64> {
        let Some(durable) = &self.durable else { return Ok(0) };
        if durable.log.end() == self.position {
            return Ok(0);
        }
        let mut reader = durable.log.read_from(self.position)?;
        let mut events = 0;
        while let Some(frame) = reader.next_frame()? {
            if frame.end_sequence() <= self.position {
                continue;
            }
            self.store.take_sealed(&frame)?;
            if let Some((source, position)) = frame.checkpoint()? {
                self.store.put_meta(source, position)?;
            }
            let batch = frame.events()?;
            // A commit may have been made within it.
            let done = (self.position - frame.first_sequence).clamp(0, batch.len() as i64);
            let batch = &batch[done as usize..];
            events += batch.len() as u64;
            // As of when the log took it: what came later may cancel what fell due in the meantime.
            let now = clock().min(frame.appended_at);
            self.process_allowed(batch, frame.first_sequence + done, frame.appended_at, now)?;
            self.pass(frame.end_sequence())?;
        }
        Ok(events)
    }

    /// Takes the events of a batch that are about nobody who was erased after they happened. Intake refuses those; the
    /// ones here were on their way when it happened.
    fn process_allowed(
        &mut self,
        events: &[Event<'_>],
        first_sequence: i64,
        appended_at: i64,
        now: i64,
    ) -> Result<()> {
        if self.privacy.is_empty() {
            return self.process(events, first_sequence, appended_at, now);
        }
        let list = self.privacy.list();
        let is_erased = |event: &Event<'_>| {
            list.refusal(&event.identifiers, Some(event.happened_at)) == Some(Code::Erased)
        };
        let mut sequence = first_sequence;
        for run in events.chunk_by(|a, b| is_erased(a) == is_erased(b)) {
            let end = sequence + run.len() as i64;
            if is_erased(&run[0]) {
                self.store.add_duplicates(sequence..end)?;
                (sequence..end).for_each(|sequence| self.archiver.pass(sequence));
            } else {
                self.process(run, sequence, appended_at, now)?;
            }
            sequence = end;
        }
        Ok(())
    }

    /// Takes all that the log holds to its places, and forgets the log up to there. `now` is UTC ms.
    pub fn empty_log(&mut self, now: i64) -> Result<()> {
        if let Some(durable) = &self.durable {
            durable.log.begin_segment()?;
        }
        self.catch_up(now)?;
        self.flush_lake()?;
        self.commit()?;
        // What follows the last event is none, and is in the store.
        self.set_archived(self.position)?;
        if let Some(durable) = &self.durable {
            durable.log.forget_before(self.position)?;
        }
        Ok(())
    }

    /// Takes a batch of events that the log holds from `first_sequence` on. `now` is UTC ms.
    pub fn process(
        &mut self,
        events: &[Event<'_>],
        first_sequence: i64,
        appended_at: i64,
        now: i64,
    ) -> Result<()> {
        let (store, campaigns, rules) = (&self.store, &self.campaigns, &self.identity);
        let outcome = self.stages.time(Stage::Profiles, || {
            let wanted = |event: &Event<'_>| campaigns.wants(event);
            block_on(update_profiles::run(&update_profiles::Deps { store, wanted: &wanted, rules }, events))
        })?;
        let evaluated = self.stages.time(Stage::Triggers, || {
            block_on(evaluate_triggers::run(&self.triggers(&self.actions()), now, &outcome.changes))
        })?;
        self.counts.events += events.len() as u64;
        self.counts.reports += events
            .iter()
            .filter(|e| matches!(&*e.name, names::MESSAGE_SENT | names::MESSAGE_REFUSED))
            .count() as u64;
        self.counts.duplicates += outcome.duplicates.len() as u64;
        self.counts.refused_links += outcome.refusals.len() as u64;
        self.counts.actions += evaluated.actions;

        if let Some(durable) = &self.durable {
            let not_applied = outcome.quarantined(events, now);
            if !not_applied.is_empty() {
                self.counts.quarantined += not_applied.len() as u64;
                block_on(durable.intake.put(&not_applied))?;
            }
            if !outcome.duplicates.is_empty() {
                self.store.add_quality(&outcome.duplicate_counts(events, appended_at))?;
            }
            let skipped: HashSet<u32> = outcome.duplicates.iter().chain(&outcome.failed).copied().collect();
            if !skipped.is_empty() {
                self.store.add_duplicates(skipped.iter().map(|index| first_sequence + i64::from(*index)))?;
            }
            self.archive(events, first_sequence, appended_at, &skipped);
            self.pass(first_sequence + events.len() as i64)?;
            if self.archiver.is_full() || self.archiver.len() >= self.pace.file_events {
                self.flush_lake()?;
            }
        }
        if !self.reading_history {
            self.fire(now)?;
        }
        self.uncommitted += events.len() as u64;
        if self.uncommitted >= self.pace.commit_events || self.store.dirty_bytes() >= self.pace.commit_bytes {
            self.commit()?;
        }
        Ok(())
    }

    /// Moves the loop's position in the log, which becomes durable with what was done up to there.
    pub fn pass(&mut self, position: i64) -> Result<()> {
        if position > self.position {
            self.position = position;
            self.store.put_meta(POSITION, &position.to_be_bytes())?;
        }
        Ok(())
    }

    /// When the next timer or held message is due, UTC ms.
    pub fn next_due(&self) -> Result<Option<i64>> {
        let timer = self.store.next_timer()?.map(|minute| i64::from(minute) * MINUTE);
        let (_, held) = self.store.queued_actions()?;
        Ok(timer.into_iter().chain(held).min())
    }

    /// Makes all that was processed durable.
    pub fn commit(&mut self) -> Result<()> {
        let store = &self.store;
        store.keep_in_memory(self.pace.kept_bytes);
        self.stages.time(Stage::Commit, || store.commit())?;
        self.uncommitted = 0;
        // What both the store and the lake have, nobody needs from the log any more.
        if let Some(durable) = &self.durable
            && self.archived > self.forgotten
        {
            durable.log.forget_before(self.archived.min(self.position))?;
            self.store.forget_duplicates(self.archived)?;
            self.forgotten = self.archived;
        }
        Ok(())
    }

    /// Where the loop stands in the log.
    pub fn position(&self) -> i64 {
        self.position
    }
}

fn read_position(store: &Store, name: &str) -> Result<i64> {
    let bytes = store.get_meta(name)?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes))
}
