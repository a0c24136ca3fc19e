//! A small file that others replace as a whole.

use event::SECOND;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// How often it is looked after, ms.
const LOOK_AFTER: i64 = 10 * SECOND;

/// Such a file, read anew when it changed. One that is not there, or is damaged, is as if there were nothing.
pub struct Followed<T> {
    path: PathBuf,
    read: fn(&[u8]) -> Option<T>,
    seen: Mutex<Seen<T>>,
}

struct Seen<T> {
    value: Option<Arc<T>>,
    changed: Option<SystemTime>,
    /// When it was last looked after, UTC ms.
    looked: i64,
}

impl<T> Followed<T> {
    pub fn new(path: PathBuf, read: fn(&[u8]) -> Option<T>) -> Followed<T> {
        Followed { path, read, seen: Mutex::new(Seen { value: None, changed: None, looked: 0 }) }
    }

    /// What it says at `now`, UTC ms.
    pub fn current(&self, now: i64) -> Option<Arc<T>> {
        // What is in there is always whole.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !(0..LOOK_AFTER).contains(&(now - seen.looked)) {
            seen.looked = now;
            let changed = fs::metadata(&self.path).and_then(|file| file.modified()).ok();
            if changed != seen.changed {
                seen.changed = changed;
                let bytes = fs::read(&self.path).ok();
                seen.value = bytes.and_then(|bytes| (self.read)(&bytes)).map(Arc::new);
            }
        }
        seen.value.clone()
    }
}
