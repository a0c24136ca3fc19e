//! Refused records back into an installation.

use crate::installation::{Installation, clock};
use anyhow::{Context, Result};
use embedded::{FrameBuilder, LakeFolder};
use event::{Code, Event, Mapping, MessageHash, QuarantineStore, Quarantined, Rejection};
use import_data::Replay;
use lake::{Columns, LakeStore, Text};
use pollster::block_on;
use std::collections::{BTreeMap, HashSet};

/// Records that go into one frame of the log.
const BATCH: usize = 512;

/// What a replay came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Records that went in, and left the quarantine.
    pub taken: u64,
    /// Records that were in already, by another import of the same file for example; they left it too.
    pub known: u64,
    /// Records that are refused still, by their reason of now.
    pub refused: BTreeMap<(Code, String, String), u64>,
}

impl Replayed {
    /// How many are refused still.
    pub fn still(&self) -> u64 {
        self.refused.values().sum()
    }
}

impl Installation {
    /// Reads refused records again, all for which `wanted` holds: those that are no longer refused go in, with the
    /// moment and the message ids that they would have had, and leave the quarantine in the same step. What the lake
    /// holds already goes in no second time. A `dry_run` changes nothing.
    ///
    /// # Errors
    /// The store, the log or the lake failed; what was done by then stays done.
    pub fn replay(
        &mut self,
        wanted: impl Fn(&str, &Quarantined) -> bool,
        mapping: Option<&Mapping>,
        dry_run: bool,
    ) -> Result<Replayed> {
        // Reports that arrive meanwhile are history too until the end.
        self.pump.reading_history = true;
        let replayed = self.replay_history(wanted, mapping, dry_run);
        self.pump.end_history(clock())?;
        self.pump.flush_lake()?;
        self.pump.commit()?;
        replayed
    }

    fn replay_history(
        &mut self,
        wanted: impl Fn(&str, &Quarantined) -> bool,
        mapping: Option<&Mapping>,
        dry_run: bool,
    ) -> Result<Replayed> {
        self.pump.catch_up(clock())?;
        self.pump.flush_lake()?;
        let mut replayed = Replayed::default();
        // Ids, and hashes of message ids: the records themselves may be more than memory holds.
        let (mut fit, mut hashes) = (Vec::new(), HashSet::new());
        let parser = &self.parser;
        let mut changed = Vec::new();
        block_on(self.pump.store.each(|id, record| {
            if !wanted(id, &record) {
                return;
            }
            match parsed(parser, &record, mapping, |events| {
                hashes.extend(events.iter().map(|event| event.hash))
            }) {
                Ok(()) => fit.push(id.to_owned()),
                Err(rejection) => {
                    let Rejection { code, field, reason } = rejection.clone();
                    *replayed.refused.entry((code, field, reason)).or_default() += 1;
                    if rejection != record.rejection || !rejection.code.is_kept() {
                        changed.push(id.to_owned());
                    }
                }
            }
        }))?;
        let known = self.in_lake(hashes)?;
        for ids in fit.chunks(BATCH) {
            let (taken, already) = self.replay_batch(ids, mapping, &known, dry_run)?;
            (replayed.taken, replayed.known) = (replayed.taken + taken, replayed.known + already);
        }
        if !dry_run {
            for ids in changed.chunks(BATCH) {
                self.change_reasons(ids, mapping)?;
            }
        }
        Ok(replayed)
    }

    /// Takes a batch in; how many records went in, and how many were in already.
    fn replay_batch(
        &mut self,
        ids: &[String],
        mapping: Option<&Mapping>,
        known: &HashSet<MessageHash>,
        dry_run: bool,
    ) -> Result<(u64, u64)> {
        let durable = self.pump.durable.as_ref().context("the installation has no bus log")?;
        let mut frame = FrameBuilder::default();
        let (mut taken, mut already) = (0, 0);
        for id in ids {
            let Some(record) = block_on(self.pump.store.find(id))? else { continue };
            let Ok(replay) = Replay::of(&record, mapping) else { continue };
            let Ok(records) = replay.parse(&self.parser) else { continue };
            let mut is_new = false;
            for parsed in &records {
                if known.contains(&parsed.event.hash) {
                    continue;
                }
                is_new = true;
                frame.event(&parsed.event);
                durable.intake.frame_secrets(&mut frame, &parsed.secrets)?;
            }
            frame.release(id);
            (taken, already) = (taken + u64::from(is_new), already + u64::from(!is_new));
        }
        if !dry_run && !frame.is_empty() {
            let now = clock();
            durable.log.append(&mut frame, now)?;
            self.pump.catch_up(now)?;
        }
        Ok((taken, already))
    }

    /// Has records that are refused still say why they are now; what may no longer be kept goes.
    fn change_reasons(&mut self, ids: &[String], mapping: Option<&Mapping>) -> Result<()> {
        let (mut records, mut gone) = (Vec::new(), Vec::new());
        for id in ids {
            let Some(record) = block_on(self.pump.store.find(id))? else { continue };
            let Err(rejection) = parsed(&self.parser, &record, mapping, |_| ()) else { continue };
            match rejection.code.is_kept() {
                true => records.push(Quarantined { rejection, ..record }),
                false => gone.push(id.clone()),
            }
        }
        block_on(QuarantineStore::remove(&self.pump.store, &gone))?;
        Ok(self.pump.store.replace_quarantined(&records)?)
    }

    /// Which of these messages the lake holds.
    fn in_lake(&self, wanted: HashSet<MessageHash>) -> Result<HashSet<MessageHash>> {
        let mut found = HashSet::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let lake = LakeFolder::new(self.folder.join("lake"));
        let columns = Columns { texts: &[Text::MessageId], ..Columns::default() };
        for path in block_on(lake.list(lake::EVENTS))? {
            lake::scan(&path, block_on(lake.open(&path))?, columns, |rows| {
                let ids = rows.text(Text::MessageId);
                let hashes = (0..rows.len()).filter_map(|row| ids.get(row)).map(MessageHash::of);
                found.extend(hashes.filter(|hash| wanted.contains(hash)));
            })?;
        }
        Ok(found)
    }
}

/// Reads a refused record again, and shows its events.
fn parsed(
    parser: &event::Parser,
    record: &Quarantined,
    mapping: Option<&Mapping>,
    show: impl FnOnce(&[&Event<'_>]),
) -> Result<(), Rejection> {
    let replay = Replay::of(record, mapping)?;
    let records = replay.parse(parser)?;
    show(&records.iter().map(|parsed| &parsed.event).collect::<Vec<_>>());
    Ok(())
}
