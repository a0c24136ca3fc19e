//! The ports of intake over the bus log: whatever is taken in is one durable append.

use crate::bus_log::BusLog;
use crate::frame::FrameBuilder;
use crate::log_writer::LogWriter;
use crate::sealed::quarantine_name;
use event::{Event, EventBus, Identifier, PortError, QualityCount, Quarantine, Quarantined, Secret, Vault};
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};
use vault::{Place, Sealer, encode_record};

/// Puts events, secrets and refused records into the log, from where the loop takes them to their places. Many
/// threads may use clones of it.
#[derive(Clone)]
pub struct Intake {
    log: BusLog,
    sealer: Sealer,
    writer: Option<LogWriter>,
}

impl Intake {
    pub fn new(log: BusLog, sealer: Sealer) -> Intake {
        Intake { log, sealer, writer: None }
    }

    /// The same for many who put things in at once: one thread writes for all of them, and none of them blocks.
    ///
    /// # Errors
    /// The thread could not be started.
    pub fn grouped(mut self) -> io::Result<Intake> {
        self.writer = Some(LogWriter::start(self.log.clone(), clock)?);
        Ok(self)
    }

    /// Puts refused records into a frame.
    pub fn frame_quarantined(
        &self,
        frame: &mut FrameBuilder,
        records: &[Quarantined],
    ) -> Result<(), PortError> {
        for record in records {
            let (id, sealed) = seal_quarantined(record, &self.sealer)?;
            frame.quarantined(id, &sealed);
        }
        Ok(())
    }

    /// Puts secrets into a frame.
    pub fn frame_secrets(&self, frame: &mut FrameBuilder, secrets: &[Secret]) -> Result<(), PortError> {
        for secret in secrets {
            let sealed = seal_secret(secret, &self.sealer)?;
            frame.secret(secret.identifier, &secret.field, &sealed);
        }
        Ok(())
    }

    async fn append(&self, mut frame: FrameBuilder) -> Result<(), PortError> {
        if frame.is_empty() {
            return Ok(());
        }
        match &self.writer {
            Some(writer) => writer.append(frame).await,
            None => self.log.append(&mut frame, clock()).map(drop),
        }
    }
}

impl EventBus for Intake {
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError> {
        let mut frame = FrameBuilder::default();
        events.iter().for_each(|event| frame.event(event));
        self.append(frame).await
    }
}

impl Quarantine for Intake {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        let mut frame = FrameBuilder::default();
        self.frame_quarantined(&mut frame, records)?;
        self.append(frame).await
    }

    async fn count(&self, counts: &[QualityCount]) -> Result<(), PortError> {
        let mut frame = FrameBuilder::default();
        frame.counts(counts);
        self.append(frame).await
    }
}

impl Vault for Intake {
    async fn put(&self, secrets: &[Secret]) -> Result<(), PortError> {
        let mut frame = FrameBuilder::default();
        self.frame_secrets(&mut frame, secrets)?;
        self.append(frame).await
    }

    /// Intake never reads the vault.
    async fn get(&self, _: Identifier, _: &str) -> Result<Option<String>, PortError> {
        Err(PortError::Failed { what: "the vault", reason: "intake may put, but not read".into() })
    }
}

/// Frames are stamped with the wall clock: it says only when the bus took them.
#[allow(clippy::disallowed_methods)] // the edge: nothing is decided by it
fn clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// A refused record as it is kept: its id, and the whole of it sealed.
pub(crate) fn seal_quarantined(record: &Quarantined, sealer: &Sealer) -> Result<(u64, Vec<u8>), PortError> {
    let id = quarantine_id(record);
    Ok((id, sealer.seal(Place::Quarantine(&quarantine_name(id)), &encode_record(record))?))
}

/// A value of the vault, sealed.
pub(crate) fn seal_secret(secret: &Secret, sealer: &Sealer) -> Result<Vec<u8>, PortError> {
    sealer.seal(Place::Vault(secret.identifier, &secret.field), secret.value.as_bytes())
}

/// The same for the same record from the same source.
fn quarantine_id(record: &Quarantined) -> u64 {
    let seed = u64::from(crc32fast::hash(record.source.as_bytes()));
    xxhash_rust::xxh3::xxh3_64_with_seed(&record.original, seed)
}
