//! Reading the bus log.

use crate::bus_log::{BusLog, failed, segment_path, segments};
use crate::frame::{Frame, HEAD, read_head};
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
    /// The number that the next frame has to begin with.
    expected: Option<i64>,
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
        let segments: Vec<i64> =
            segments.into_iter().skip(first).filter(|start| *start <= durable.0).rev().collect();
        let mut reader =
            LogReader { log, sequence, durable, segments, current: None, expected: None, stopped: None };
        if let Some(place) = stopped.filter(|place| reader.segments.last() == Some(&place.segment)) {
            reader.begin_segment(place.offset)?;
        }
        Ok(reader)
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// A file that can't be read, or in which something is damaged or missing: all of it had been accepted.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, PortError> {
        loop {
            if let Some((segment, reader)) = &mut self.current {
                let begin = reader.offset;
                match reader.next_frame()? {
                    Some(frame) => {
                        if self.expected.is_some_and(|expected| expected != frame.first_sequence) {
                            return Err(reader.damaged(begin));
                        }
                        let sequence = frame.end_sequence();
                        self.expected = Some(sequence);
                        self.stopped = Some(Place { sequence, segment: *segment, offset: reader.offset });
                        if sequence > self.sequence {
                            return Ok(Some(frame));
                        }
                        continue;
                    }
                    None if begin < reader.len => return Err(reader.damaged(begin)),
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
            reader.len = self.durable.1;
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
        Ok(SegmentReader {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 20, file),
            offset,
            len,
        })
    }

    /// The next whole frame; `None` at the end, and at a frame that a crash cut short.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, PortError> {
        let mut head = [0; HEAD];
        if self.len.saturating_sub(self.offset) < HEAD as u64 {
            return Ok(None);
        }
        self.read(&mut head)?;
        let Some((len, sum)) = read_head(&head) else {
            // A file may have grown without what was written to it.
            return if head == [0; HEAD] && self.is_zero_from_here()? {
                Ok(None)
            } else {
                Err(self.damaged(self.offset))
            };
        };
        let end = self.offset + (HEAD + len) as u64;
        if end > self.len {
            return Ok(None);
        }
        let mut payload = vec![0; len];
        self.read(&mut payload)?;
        let frame = (crc32fast::hash(&payload) == sum).then(|| Frame::parse(payload)).and_then(Result::ok);
        match frame {
            Some(frame) => {
                self.offset = end;
                Ok(Some(frame))
            }
            // The last frame may have been cut short by a crash; one that is followed by others was not.
            None if end == self.len => Ok(None),
            None => Err(self.damaged(self.offset)),
        }
    }

    /// The error of a frame that is not as it was written, or not where it was.
    fn damaged(&self, offset: u64) -> PortError {
        let reason =
            format!("the frame at byte {offset} is damaged or missing; restore the file from a copy");
        failed(&self.path, &io::Error::other(reason))
    }

    fn is_zero_from_here(&mut self) -> Result<bool, PortError> {
        let mut chunk = [0; 8192];
        loop {
            match self.file.read(&mut chunk).map_err(|error| failed(&self.path, &error))? {
                0 => return Ok(true),
                read if chunk[..read].iter().any(|byte| *byte != 0) => return Ok(false),
                _ => {}
            }
        }
    }

    fn read(&mut self, into: &mut [u8]) -> Result<(), PortError> {
        self.file.read_exact(into).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged(self.offset),
            _ => failed(&self.path, &error),
        })
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
        while let Some(frame) = reader.next_frame().unwrap() {
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
