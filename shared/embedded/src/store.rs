//! The store of an installation: one redb file, written in batches that are durable as a whole.

use crate::overlay::Overlay;
use crate::rewrite;
use event::PortError;
use redb::backends::InMemoryBackend;
use redb::{Builder, Database, ReadableTable, TableDefinition, WriteTransaction};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use vault::Sealer;

pub(crate) type Bytes = &'static [u8];

/// Person → version (8 bytes, little-endian) and blob.
pub(crate) const PROFILES: TableDefinition<&[u8; 16], Bytes> = TableDefinition::new("profiles");
/// Identifier kind and key → owner kind and person.
pub(crate) const IDENTITIES: TableDefinition<&[u8; 17], &[u8; 17]> = TableDefinition::new("identities");
/// Person → entries of their identity log, one after another.
pub(crate) const IDENTITY_LOG: TableDefinition<&[u8; 16], Bytes> = TableDefinition::new("identity_log");
/// Person → version and blob.
pub(crate) const JOURNEYS: TableDefinition<&[u8; 16], Bytes> = TableDefinition::new("journeys");
/// Minute (big-endian) and person.
pub(crate) const TIMERS: TableDefinition<&[u8; 20], ()> = TableDefinition::new("timers");
pub(crate) const META: TableDefinition<&str, Bytes> = TableDefinition::new("meta");

/// Half of it at most is write buffer. The hot tables are buffered in the overlay, so that a larger cache of
/// pages would cost memory and save little.
const CACHE_BYTES: usize = 16 << 20;

/// The open file, which is another one after the store was written anew. Clones share it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Arc<Database>>>);

impl Shared {
    fn new(db: Database) -> Shared {
        Shared(Arc::new(Mutex::new(Arc::new(db))))
    }

    /// The file of now; to be let go of after each use.
    pub fn get(&self) -> Arc<Database> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, db: Database) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(db);
    }
}

/// All tables of an installation. What its ports write is held back until [`Store::commit`], which makes
/// all of it durable or none; reads see it at once. One thread uses it at a time.
pub struct Store {
    pub(crate) db: Shared,
    transaction: RefCell<Option<WriteTransaction>>,
    pub(crate) overlay: RefCell<Overlay>,
    pub(crate) sealer: Sealer,
    /// Nothing for a store in memory.
    file: Option<PathBuf>,
    /// Set by a failed commit: what was written since the one before is lost, and nothing may be built on it.
    broken: Cell<bool>,
}

impl Store {
    /// Opens the store file, which is made where it is not there.
    ///
    /// # Errors
    /// A file that can't be opened: another process has it, or it is damaged, or the disk is full.
    pub fn open(file: &Path, sealer: Sealer) -> Result<Store, PortError> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        let opened = if file.exists() { Ok(()) } else { create(&builder, file) };
        let db = opened.and_then(|()| Ok(builder.open(file)?)).map_err(|error| match error {
            redb::Error::DatabaseAlreadyOpen => failed_in(
                Some(file),
                "it is in use by another process; stop it first (a running `rondo serve` answers for its data)",
            ),
            other => failed_in(Some(file), other),
        })?;
        let store = Store::over(db, sealer, Some(file.to_owned()));
        store.upgrade()?;
        Ok(store)
    }

    /// A store without a file: what is written lives as long as it does.
    pub fn in_memory(sealer: Sealer) -> Result<Store, PortError> {
        let db = Builder::new().create_with_backend(InMemoryBackend::new()).map_err(failed)?;
        Ok(Store::over(db, sealer, None))
    }

    fn over(db: Database, sealer: Sealer, file: Option<PathBuf>) -> Store {
        let (transaction, overlay) = (RefCell::default(), RefCell::<Overlay>::default());
        // A file may hold what an earlier run wrote.
        overlay.borrow_mut().flushed = file.is_some();
        let db = Shared::new(db);
        Store { db, transaction, overlay, sealer, file, broken: Cell::new(false) }
    }

    /// Keeps no more than so many bytes of rows in memory after a commit, to be read again.
    pub fn keep_in_memory(&self, bytes: usize) {
        self.overlay.borrow_mut().keep(bytes);
    }

    /// Makes everything written since the last commit durable, as one step.
    ///
    /// # Errors
    /// Nothing of it counts then, and the store takes nothing more. The disk is full or broken: free space, and
    /// start again.
    pub fn commit(&self) -> Result<(), PortError> {
        if self.file.is_none() {
            return Ok(());
        }
        if !self.overlay.borrow().is_dirty() && self.transaction.borrow().is_none() {
            return Ok(());
        }
        let flushed = self.within(|transaction| self.overlay.borrow_mut().flush(transaction));
        let transaction = self.transaction.borrow_mut().take();
        let committed = flushed.and_then(|()| match transaction {
            Some(transaction) => transaction.commit().map_err(|error| self.failed(error)),
            None => Ok(()),
        });
        self.broken.set(committed.is_err());
        committed
    }

    /// Writes the store's file anew with what it holds now, so that nothing of what was removed stays in its free
    /// pages. Commits first. A store without a file has nothing to write.
    ///
    /// # Errors
    /// A disk without the room for a second file; the store is as it was then.
    pub fn rewrite(&mut self) -> Result<(), PortError> {
        self.commit()?;
        let Some(file) = self.file.clone() else { return Ok(()) };
        let unfinished = file.with_extension("unfinished");
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        let written = remove_file(&unfinished)
            .map_err(|error| self.failed(error))
            .and_then(|()| builder.create(&unfinished).map_err(|error| self.failed(error)))
            .and_then(|new| rewrite::copy(&self.db.get(), &new));
        let replaced = written.and_then(|()| {
            fs::rename(&unfinished, &file).and_then(|()| sync_folder_of(&file)).map_err(|e| self.failed(e))
        });
        if let Err(error) = replaced {
            // Frees the space where the disk is full.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        // The file that was open until now has no name any more; nothing may be written to it.
        self.broken.set(true);
        let db = builder.open(&file).map_err(|error| self.failed(error))?;
        self.db.replace(db);
        self.broken.set(false);
        Ok(())
    }

    /// How many profile bytes wait for the next commit, about.
    pub fn dirty_bytes(&self) -> usize {
        self.overlay.borrow().dirty_bytes()
    }

    /// How many profile rows commits have written since the store was opened.
    pub fn written_profiles(&self) -> u64 {
        self.overlay.borrow().written
    }

    /// A small value by name: positions, checkpoints.
    pub fn get_meta(&self, name: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.within(|transaction| {
            let table = transaction.open_table(META)?;
            let value = table.get(name)?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    }

    pub fn put_meta(&self, name: &str, value: &[u8]) -> Result<(), PortError> {
        self.within(|transaction| {
            transaction.open_table(META)?.insert(name, value)?;
            Ok(())
        })
    }

    /// Works on the tables within the batch that is under way.
    pub(crate) fn within<T>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, PortError> {
        if self.broken.get() {
            return Err(self.failed("an earlier write failed; start again"));
        }
        let mut transaction = self.transaction.borrow_mut();
        if transaction.is_none() {
            *transaction = Some(self.db.get().begin_write().map_err(|error| self.failed(error))?);
        }
        match transaction.as_ref() {
            Some(transaction) => work(transaction).map_err(|error| self.failed(error)),
            None => Err(failed("no transaction")),
        }
    }

    fn failed(&self, error: impl fmt::Display) -> PortError {
        failed_in(self.file.as_deref(), error)
    }
}

impl Drop for Store {
    /// What was not committed is dropped; the file stays as it was.
    fn drop(&mut self) {
        if let Some(transaction) = self.transaction.borrow_mut().take() {
            let _ = transaction.abort();
        }
    }
}

/// Makes an empty store beside its place and renames it into it: a kill leaves a whole file or none.
fn create(builder: &Builder, file: &Path) -> Result<(), redb::Error> {
    let unfinished = file.with_extension("unfinished");
    remove_file(&unfinished)?;
    drop(builder.create(&unfinished)?);
    fs::rename(&unfinished, file)?;
    Ok(sync_folder_of(file)?)
}

/// Removes a file, if it is there.
fn remove_file(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_folder_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

pub(crate) fn failed(error: impl fmt::Display) -> PortError {
    failed_in(None, error)
}

fn failed_in(file: Option<&Path>, error: impl fmt::Display) -> PortError {
    let reason = file.map_or(error.to_string(), |file| format!("{}: {error}", file.display()));
    PortError::Failed { what: "the store", reason }
}
