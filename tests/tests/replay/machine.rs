//! One machine's loop, which can die and start again.

use crate::records::Record;
use campaign::Campaigns;
use embedded::{BusLog, FrameBuilder, Intake, LakeFolder, Sealer, Store};
use event::{Arrival, Event, MINUTE, Parser, ParserSettings, Pseudonymizer};
use lake::LakeStore;
use pollster::block_on;
use rondo::{Durable, Pace, Pump};
use std::path::Path;
use tempfile::TempDir;

/// Where profiles are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    InMemory,
    InFolder,
}

pub struct Machine {
    kept: Kept,
    folder: TempDir,
    parser: Parser,
    pump: Option<Pump>,
    now: i64,
}

impl Machine {
    pub fn new(kept: Kept) -> Machine {
        let parser = Parser::new(Pseudonymizer::new(b"replay"), ParserSettings::default());
        let mut machine = Machine {
            kept,
            folder: tempfile::tempdir().unwrap(),
            parser,
            pump: None,
            now: 1_800_000_000_000,
        };
        machine.start();
        machine
    }

    pub fn pump(&mut self) -> &mut Pump {
        self.pump.as_mut().unwrap()
    }

    /// Accepts records as one batch, and takes them in.
    pub fn deliver<'r>(&mut self, records: impl IntoIterator<Item = &'r Record>) {
        let texts: Vec<String> = records.into_iter().map(Record::text).collect();
        let arrival = Arrival::Recorded { now: self.now };
        let parse = |text| self.parser.parse(str::as_bytes(text), "test", arrival).unwrap().event;
        let mut frame = FrameBuilder::default();
        texts.iter().for_each(|text| frame.event(&parse(text)));
        self.now += MINUTE;
        let now = self.now;
        let pump = self.pump();
        pump.durable.as_ref().unwrap().log.append(&mut frame, now).unwrap();
        pump.catch_up(now).unwrap();
    }

    /// Forgets whatever is not durable. A store in memory can't come back, so that it is only committed.
    pub fn die(&mut self) {
        match self.kept {
            Kept::InMemory => self.pump().commit().unwrap(),
            Kept::InFolder => {
                self.pump = None;
                self.start();
            }
        }
    }

    fn start(&mut self) {
        let folder = self.folder.path();
        let sealer = Sealer::new(&[1; 32]);
        let store = match self.kept {
            Kept::InMemory => Store::in_memory(sealer.clone()),
            Kept::InFolder => Store::open(&folder.join("store.redb"), sealer.clone()),
        };
        let log = BusLog::open(&folder.join("bus")).unwrap();
        let durable =
            Durable { intake: Intake::new(log.clone(), sealer), log, lake: LakeFolder::new(folder) };
        let mut pump = Pump::open(store.unwrap(), Some(durable), Campaigns::default(), MINUTE).unwrap();
        pump.pace = Pace { lines: 1, commit_events: 70, file_events: 110, ..Pace::default() };
        pump.catch_up(self.now).unwrap();
        self.pump = Some(pump);
    }

    /// All events of the lake, in the order of its files and rows.
    pub fn lake(&self) -> Vec<Event<'static>> {
        events(self.folder.path())
    }
}

fn events(folder: &Path) -> Vec<Event<'static>> {
    let lake = LakeFolder::new(folder);
    let mut wires: Vec<Vec<u8>> = Vec::new();
    for path in block_on(lake.list(lake::EVENTS)).unwrap() {
        lake::replay(&path, block_on(lake.open(&path)).unwrap(), |archived| {
            let mut wire = Vec::new();
            archived.event.encode(&mut wire);
            wires.push(wire);
        })
        .unwrap();
    }
    // They borrow from what they were read of, which lives as long as the test.
    wires.into_iter().map(|wire| Event::decode(Vec::leak(wire)).unwrap()).collect()
}
