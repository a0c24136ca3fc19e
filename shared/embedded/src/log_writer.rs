//! One thread that writes to the bus log for all who wait: what has gathered while it wrote goes out in one write and
//! one sync.

use crate::bus_log::BusLog;
use crate::frame::FrameBuilder;
use event::PortError;
use futures_channel::oneshot;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Most frames of one write: what comes after them need not wait for more.
const MOST: usize = 4_096;

/// The way to the thread. It ends once all clones of this are gone, when what they gave it is written.
#[derive(Clone)]
pub(crate) struct LogWriter {
    frames: Sender<Waiting>,
}

struct Waiting {
    frame: FrameBuilder,
    answer: oneshot::Sender<Result<(), PortError>>,
}

impl LogWriter {
    /// Starts the thread. `clock` gives UTC ms.
    pub fn start(log: BusLog, clock: fn() -> i64) -> io::Result<LogWriter> {
        let (frames, waiting) = channel();
        thread::Builder::new().name("log".into()).spawn(move || write(&log, &waiting, clock))?;
        Ok(LogWriter { frames })
    }

    /// Appends a frame; returns once all of it is durable.
    pub async fn append(&self, frame: FrameBuilder) -> Result<(), PortError> {
        let gone = || PortError::Failed { what: "the bus log", reason: "its thread has ended".into() };
        let (answer, answered) = oneshot::channel();
        self.frames.send(Waiting { frame, answer }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn write(log: &BusLog, waiting: &Receiver<Waiting>, clock: fn() -> i64) {
    let (mut frames, mut answers) = (Vec::new(), Vec::new());
    while let Ok(first) = waiting.recv() {
        for Waiting { frame, answer } in std::iter::once(first).chain(waiting.try_iter()).take(MOST) {
            frames.push(frame);
            answers.push(answer);
        }
        let written = log.append_all(&mut frames, clock());
        frames.clear();
        for answer in answers.drain(..) {
            // Who asked may have hung up; the frame counts all the same.
            let _ = answer.send(written.as_ref().map(drop).map_err(again));
        }
    }
}

/// The same error for each of those whom it befell.
fn again(error: &PortError) -> PortError {
    match error {
        PortError::Unavailable { what, reason } => PortError::Unavailable { what, reason: reason.clone() },
        PortError::Conflict { what } => PortError::Conflict { what },
        PortError::Failed { what, reason } => PortError::Failed { what, reason: reason.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    #[test]
    fn everybody_is_answered_once_their_frame_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let log = BusLog::open(folder.path()).unwrap();
        let writer = LogWriter::start(log.clone(), || 7).unwrap();
        thread::scope(|scope| {
            for job in 0..8u8 {
                let (writer, log) = (writer.clone(), &log);
                scope.spawn(move || {
                    for n in 0..20u8 {
                        let mut frame = FrameBuilder::default();
                        frame.checkpoint("job", &[job, n]);
                        block_on(writer.append(frame)).unwrap();
                        let mut reader = log.read_from(0).unwrap();
                        let mut found = false;
                        while let Some(frame) = reader.next_frame().unwrap() {
                            found |= frame.checkpoint().unwrap() == Some(("job", &[job, n][..]));
                        }
                        assert!(found, "{job} {n}");
                    }
                });
            }
        });
        assert_eq!(log.end(), 160);
        drop((writer, log));
        assert_eq!(BusLog::open(folder.path()).unwrap().end(), 160);
    }

    #[test]
    fn everybody_is_told_of_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let log = BusLog::open(folder.path()).unwrap();
        log.break_for_test();
        let writer = LogWriter::start(log, || 7).unwrap();
        let mut frame = FrameBuilder::default();
        frame.checkpoint("job", b"1");
        assert!(matches!(block_on(writer.append(frame)), Err(PortError::Failed { .. })));
    }
}
