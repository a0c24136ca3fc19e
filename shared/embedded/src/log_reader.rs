//! Reading the bus log.

use crate::bus_log::{BusLog, failed, segment_path, segments};
use crate::frame::{Frame, HEAD, MAX_PAYLOAD};
use event::PortError;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Reads frames in order, to the end that the log had when the reading began.
pub struct LogReader {
    log: BusLog,
    sequence: i64,
    /// The end as (segment, length).
    durable: (i64, u64),
    /// Segments to come, the next one last.
    segments: Vec<i64>,
    current: Option<(i64, SegmentReader)>,
    stopped: Option<Place>,
}

/// The number of the frame that comes next, and where it will stand.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    sequence: i64,
    segment: i64,
    offset: u64,
}

impl LogReader {
    /// Reads from the frame that holds the event `sequence` to `durable`, a segment and a length.
    pub(crate) fn begin(log: BusLog, sequence: i64, durable: (i64, u64)) -> Result<LogReader, PortError> {
        let segments = segments(log.folder())?;
        let stopped = log.stopped().filter(|place| place.sequence == sequence);
        let first = match stopped {
            Some(place) => segments.partition_point(|start| *start < place.segment),
            None => segments.partition_point(|start| *start <= sequence).saturating_sub(1),
        };
        let segments: Vec<i64> = segments.into_iter().skip(first).filter(|start| *start <= durable.0).rev().collect();
        let mut reader = LogReader { log, sequence, durable, segments, current: None, stopped: None };
        if let Some(place) = stopped.filter(|place| reader.segments.last() == Some(&place.segment)) {
            reader.begin_segment(place.offset)?;
        }
        Ok(reader)
    }

    /// The next frame; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Frame>, PortError> {
        loop {
            if let Some((segment, reader)) = &mut self.current {
                match reader.next()? {
                    Some(frame) => {
                        let sequence = frame.end_sequence();
                        self.stopped = Some(Place { sequence, segment: *segment, offset: reader.offset });
                        if sequence > self.sequence {
                            return Ok(Some(frame));
                        }
                        continue;
                    }
                    None => self.current = None,
                }
            }
            if !self.begin_segment(0)? {
                if self.stopped.is_some() {
                    *self.log.stopped() = self.stopped;
                }
                return Ok(None);
            }
        }
    }

    /// Goes on with the next segment, from a place in it; whether there is one.
    fn begin_segment(&mut self, offset: u64) -> Result<bool, PortError> {
        let Some(segment) = self.segments.pop() else { return Ok(false) };
        let path = segment_path(self.log.folder(), segment);
        let file = File::open(&path).map_err(|error| failed(&path, &error))?;
        let mut reader = SegmentReader::open(&path, &file, offset)?;
        if segment == self.durable.0 {
            reader.len = reader.len.min(self.durable.1);
        }
        self.current = Some((segment, reader));
        Ok(true)
    }
}

/// Reads the frames of one segment.
pub(crate) struct SegmentReader {
    path: PathBuf,
    file: BufReader<File>,
    /// Where the next frame stands.
    pub(crate) offset: u64,
    len: u64,
}

impl SegmentReader {
    pub(crate) fn open(path: &Path, file: &File, offset: u64) -> Result<SegmentReader, PortError> {
        let open = || -> io::Result<(File, u64)> {
            let mut own = file.try_clone()?;
            own.seek(SeekFrom::Start(offset))?;
            let len = own.metadata()?.len();
            Ok((own, len))
        };
        let (file, len) = open().map_err(|error| failed(path, &error))?;
        Ok(SegmentReader { path: path.to_owned(), file: BufReader::with_capacity(1 << 20, file), offset, len })
    }

    /// The next whole frame; `None` at the end, and at a frame that a crash cut short.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, PortError> {
        let mut head = [0; HEAD];
        if self.len.saturating_sub(self.offset) < HEAD as u64 {
            return Ok(None);
        }
        self.file.read_exact(&mut head).map_err(|error| failed(&self.path, &error))?;
        let [a, b, c, d, e, f, g, h] = head;
        let (len, sum) = (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]));
        let end = self.offset + (HEAD + len) as u64;
        if len > MAX_PAYLOAD || end > self.len {
            return Ok(None);
        }
        let mut payload = vec![0; len];
        self.file.read_exact(&mut payload).map_err(|error| failed(&self.path, &error))?;
        let frame = (crc32fast::hash(&payload) == sum).then(|| Frame::parse(payload)).and_then(Result::ok);
        match frame {
            Some(frame) => {
                self.offset = end;
                Ok(Some(frame))
            }
            // The last frame may have been cut short by a crash; one that is followed by others was not.
            None if end == self.len => Ok(None),
            None => {
                let reason = format!("the frame at byte {} is damaged; restore the file", self.offset);
                Err(failed(&self.path, &io::Error::other(reason)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FrameBuilder;

    fn append(log: &BusLog, job: &str) -> i64 {
        let mut frame = FrameBuilder::default();
        frame.checkpoint(job, b"1");
        log.append(&mut frame, 0).unwrap()
    }

    fn rest(log: &BusLog, from: i64) -> Vec<i64> {
        let mut reader = log.read_from(from).unwrap();
        let mut found = Vec::new();
        while let Some(frame) = reader.next().unwrap() {
            found.push(frame.first_sequence);
        }
        found
    }

    #[test]
    fn readers_go_on_where_the_last_one_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let log = BusLog::open(folder.path()).unwrap();
        (0..3).for_each(|n| assert_eq!(append(&log, "a"), n));
        assert_eq!(rest(&log, 0), [0, 1, 2]);
        assert!(rest(&log, 3).is_empty());
        append(&log, "b");
        assert_eq!(rest(&log, 3), [3]);
        // From any other place all the same.
        assert_eq!(rest(&log, 1), [1, 2, 3]);
        append(&log, "c");
        assert_eq!(rest(&log, 4), [4]);
        drop(log);
        assert_eq!(rest(&BusLog::open(folder.path()).unwrap(), 2), [2, 3, 4]);
    }
}
