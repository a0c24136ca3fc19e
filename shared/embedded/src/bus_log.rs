//! The event bus on one machine: an append-only log of frames, made durable before it answers.

use crate::frame::FrameBuilder;
use crate::log_reader::{LogReader, Place, SegmentReader};
use event::PortError;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A new segment is begun once one is this long, in bytes.
const SEGMENT_BYTES: u64 = 64 << 20;

/// The log. Cloning it shares it: many threads may append.
///
/// Segments are files named by the number of their first event. A frame is its payload's length and
/// CRC-32, the CRC-32 of these two, and the payload. What a crash left half written at the end of the log is cut off when it is
/// opened: nobody was told that it had been accepted.
#[derive(Clone)]
pub struct BusLog {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    tail: Mutex<Tail>,
    /// The bytes known to be durable, as (segment, length). Held while syncing, so that those who wait for
    /// a sync are served by the one that follows, all at once.
    synced: Mutex<(i64, u64)>,
    /// Where the last reader stopped, so that the next one need not look for the place.
    stopped: Mutex<Option<Place>>,
}

struct Tail {
    file: Arc<File>,
    segment: i64,
    len: u64,
    next_sequence: i64,
    buffer: Vec<u8>,
    /// Set where the file may end in half a frame, or may not hold what was written: nothing may follow.
    broken: bool,
}

impl BusLog {
    /// Opens the log in a folder, which is made where it is not there.
    ///
    /// # Errors
    /// A folder or file that can't be read or written, or a frame that is damaged anywhere but at the end.
    pub fn open(folder: &Path) -> Result<BusLog, PortError> {
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        let segments = segments(folder)?;
        let segment = segments.last().copied().unwrap_or(0);
        let path = segment_path(folder, segment);
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|error| failed(&path, &error))?;
        let (mut len, mut next_sequence) = (0, segment);
        let mut reader = SegmentReader::open(&path, &file, 0)?;
        while let Some(frame) = reader.next_frame()? {
            next_sequence = frame.end_sequence();
            len = reader.offset;
        }
        file.set_len(len).and_then(|()| file.sync_all()).map_err(|error| failed(&path, &error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, &error))?;
        let tail =
            Tail { file: Arc::new(file), segment, len, next_sequence, buffer: Vec::new(), broken: false };
        let inner = Inner {
            folder: folder.to_owned(),
            tail: Mutex::new(tail),
            synced: Mutex::new((segment, len)),
            stopped: Mutex::new(None),
        };
        Ok(BusLog { inner: Arc::new(inner) })
    }

    /// Appends a frame and returns the number of its first event once all of it is durable.
    ///
    /// # Errors
    /// The frame could not be written, for example since the disk is full: it does not count. Where what is
    /// in the file is in doubt, the log takes nothing more until it is opened again.
    pub fn append(&self, frame: &mut FrameBuilder, now: i64) -> Result<i64, PortError> {
        self.append_all(std::slice::from_mut(frame), now)
    }

    /// Appends frames one after the other, in one write and one sync, and returns the number of the first event.
    ///
    /// # Errors
    /// As [`BusLog::append`]: all of them count, or none.
    pub fn append_all(&self, frames: &mut [FrameBuilder], now: i64) -> Result<i64, PortError> {
        let (sequence, segment, len, file) = {
            let mut tail = lock(&self.inner.tail);
            let sequence = tail.next_sequence;
            self.write(&mut tail, frames, now)?;
            (sequence, tail.segment, tail.len, Arc::clone(&tail.file))
        };
        let mut synced = lock(&self.inner.synced);
        if *synced < (segment, len) {
            // Whatever was written before this sync is durable after it.
            let upto = {
                let tail = lock(&self.inner.tail);
                if tail.segment == segment { tail.len } else { len }
            };
            if let Err(error) = file.sync_data() {
                // The system may have dropped what it could not write, and tells so only once.
                lock(&self.inner.tail).broken = true;
                return Err(self.refused(segment, &error));
            }
            *synced = (segment, upto);
        }
        Ok(sequence)
    }

    /// The number that the next frame's first event will get.
    pub fn end(&self) -> i64 {
        lock(&self.inner.tail).next_sequence
    }

    /// Reads frames from the one that holds the event `sequence`, or where the log begins later, from there, to
    /// the last that is durable by now: what a crash could still take back is nobody's to act on.
    pub fn read_from(&self, sequence: i64) -> Result<LogReader, PortError> {
        let durable = *lock(&self.inner.synced);
        LogReader::begin(self.clone(), sequence, durable)
    }

    /// Begins a new segment, so that all that was appended until now can be forgotten once it was read.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn begin_segment(&self) -> Result<(), PortError> {
        let mut tail = lock(&self.inner.tail);
        if tail.broken || tail.next_sequence == tail.segment {
            return Ok(());
        }
        self.next_segment(&mut tail)
    }

    /// Deletes segments whose events all have numbers below `sequence`.
    pub fn forget_before(&self, sequence: i64) -> Result<(), PortError> {
        let segments = segments(&self.inner.folder)?;
        for pair in segments.windows(2).filter(|pair| pair[1] <= sequence) {
            let path = segment_path(&self.inner.folder, pair[0]);
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
        Ok(())
    }

    fn write(
        &self,
        tail: &mut MutexGuard<'_, Tail>,
        frames: &mut [FrameBuilder],
        now: i64,
    ) -> Result<(), PortError> {
        if tail.broken {
            let error = std::io::Error::other("an earlier write failed; start again");
            return Err(self.refused(tail.segment, &error));
        }
        if tail.len >= SEGMENT_BYTES && tail.next_sequence > tail.segment {
            self.next_segment(tail)?;
        }
        let mut buffer = std::mem::take(&mut tail.buffer);
        buffer.clear();
        let mut next_sequence = tail.next_sequence;
        for frame in frames {
            let count = frame.numbers();
            frame.finish(next_sequence, now, &mut buffer);
            next_sequence += count;
        }
        let written = (&*tail.file).write_all(&buffer);
        let len = buffer.len() as u64;
        tail.buffer = buffer;
        if let Err(error) = written {
            // Half a frame may stand at the end; take it away, so that the log can be gone on with.
            tail.broken = tail.file.set_len(tail.len).is_err();
            return Err(self.refused(tail.segment, &error));
        }
        tail.len += len;
        tail.next_sequence = next_sequence;
        Ok(())
    }

    fn next_segment(&self, tail: &mut Tail) -> Result<(), PortError> {
        let next = tail.next_sequence;
        tail.file.sync_data().map_err(|error| self.refused(tail.segment, &error))?;
        let path = segment_path(&self.inner.folder, next);
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = file.map_err(|error| self.refused(next, &error))?;
        let folder = File::open(&self.inner.folder).and_then(|folder| folder.sync_all());
        folder.map_err(|error| self.refused(next, &error))?;
        (tail.file, tail.segment, tail.len) = (Arc::new(file), next, 0);
        Ok(())
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Where the last reader stopped.
    pub(crate) fn stopped(&self) -> MutexGuard<'_, Option<Place>> {
        lock(&self.inner.stopped)
    }

    /// As if an earlier write had failed.
    #[cfg(test)]
    pub(crate) fn break_for_test(&self) {
        lock(&self.inner.tail).broken = true;
    }

    fn refused(&self, segment: i64, error: &std::io::Error) -> PortError {
        failed(&segment_path(&self.inner.folder, segment), error)
    }
}

/// The first numbers of the segments in a folder, in order.
pub(crate) fn segments(folder: &Path) -> Result<Vec<i64>, PortError> {
    let entries = fs::read_dir(folder).map_err(|error| failed(folder, &error))?;
    let mut segments: Vec<i64> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".log")?.parse().ok())
        .collect();
    segments.sort_unstable();
    Ok(segments)
}

pub(crate) fn segment_path(folder: &Path, segment: i64) -> PathBuf {
    folder.join(format!("{segment:020}.log"))
}

pub(crate) fn failed(path: &Path, error: &std::io::Error) -> PortError {
    PortError::Failed { what: "the bus log", reason: format!("{}: {error}", path.display()) }
}

/// A thread that panicked while it held a lock left nothing half done behind it: writes are whole or undone.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
