//! Gathers events into files.

use event::{Event, MessageHash, PortError, day_of};
use lake::{EventFile, LakeFile, LakeStore};
use std::collections::{BTreeMap, HashSet};

/// When a file is finished.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Events in it.
    pub max_rows: usize,
    /// Bytes in its buffers, about.
    pub max_bytes: usize,
    /// Whether to drop an event whose message id is still in the buffers. Not needed where the caller passes on
    /// only what profiles took.
    pub drop_duplicates: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { max_rows: 65_536, max_bytes: 128 << 20, drop_duplicates: true }
    }
}

/// An event and where it stands on the bus.
#[derive(Debug, Clone, Copy)]
pub struct BusRecord<'e> {
    /// Its number in the shard; ascending.
    pub sequence: i64,
    /// When the bus took it, UTC ms.
    pub appended_at: i64,
    pub event: &'e Event<'e>,
}

/// Buffers the events of one shard until a file is full.
pub struct Archiver {
    shard: String,
    settings: Settings,
    open: BTreeMap<i32, EventFile>,
    /// An emptied file, whose buffers the next one takes over.
    spare: Option<EventFile>,
    /// Finished, but not in the lake yet.
    finished: Vec<LakeFile>,
    buffered: HashSet<MessageHash, foldhash::fast::FixedState>,
    highest: Option<i64>,
}

impl Archiver {
    /// `shard` names the part of the bus in file names; letters, digits and `-`.
    pub fn new(shard: &str, settings: Settings) -> Archiver {
        Archiver {
            shard: shard.to_owned(),
            settings,
            open: BTreeMap::new(),
            spare: None,
            finished: Vec::new(),
            buffered: HashSet::default(),
            highest: None,
        }
    }

    /// Takes an event, unless one of the same message id is still in the buffers.
    pub fn push(&mut self, record: BusRecord<'_>) {
        self.pass(record.sequence);
        if self.settings.drop_duplicates && !self.buffered.insert(record.event.hash) {
            return;
        }
        let day = day_of(record.appended_at);
        let file = self.open.entry(day).or_insert_with(|| match self.spare.take() {
            Some(mut file) => {
                file.begin(day);
                file
            }
            None => EventFile::new(day, &self.shard),
        });
        file.push(record.sequence, record.appended_at, record.event);
    }

    /// Notes an event that needs no row, since an earlier one has its message id.
    pub fn pass(&mut self, sequence: i64) {
        self.highest = self.highest.max(Some(sequence));
    }

    /// How many events are in the buffers.
    pub fn len(&self) -> usize {
        self.open.values().map(EventFile::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds what the next flush will write.
    fn count(&self, archived: &mut Archived) {
        archived.rows += self.len();
        archived.files += self.open.len();
    }

    /// Whether it is time to flush.
    pub fn is_full(&self) -> bool {
        let bytes: usize = self.open.values().map(EventFile::approx_bytes).sum();
        self.len() >= self.settings.max_rows || bytes >= self.settings.max_bytes
    }

    /// Puts all that is buffered into the lake. Returns the highest sequence number seen, up to which the
    /// caller may now advance its position; `None` where nothing came yet. After an error nothing is lost
    /// and the position stays: flush again.
    pub async fn flush<L: LakeStore>(&mut self, lake: &L) -> Result<Option<i64>, PortError> {
        while let Some((_, mut file)) = self.open.pop_first() {
            self.finished.push(file.finish()?);
            self.spare = Some(file);
        }
        while let Some(file) = self.finished.last() {
            lake.put(file).await?;
            self.finished.pop();
        }
        self.buffered.clear();
        Ok(self.highest)
    }
}

/// What a batch came to in the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Archived {
    pub rows: usize,
    pub files: usize,
}

/// Archives a whole batch: after it returned, all of it is in the lake.
pub async fn run<'e, L: LakeStore>(
    lake: &L,
    shard: &str,
    settings: Settings,
    records: impl IntoIterator<Item = BusRecord<'e>>,
) -> Result<Archived, PortError> {
    let mut archiver = Archiver::new(shard, settings);
    let mut archived = Archived::default();
    for record in records {
        archiver.push(record);
        if archiver.is_full() {
            archiver.count(&mut archived);
            archiver.flush(lake).await?;
        }
    }
    archiver.count(&mut archived);
    archiver.flush(lake).await?;
    Ok(archived)
}
