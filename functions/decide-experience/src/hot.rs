//! Profiles of people who are here right now.

use event::{Event, Identifier, Key, MessageHash, PortError};
use person::{Found, PersonSource, SharedProfiles, Showings};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// How many bytes of profiles one process keeps, where nothing else is said.
pub const KEPT_BYTES: u64 = 32 << 20;
/// What an entry takes beside its profile, about.
const ENTRY_BYTES: u64 = 160;
/// How many exposures are remembered, the newest.
const EXPOSURES: usize = 64 << 10;
/// How long an old profile serves while the store does not answer, ms.
const STALE: i64 = 5 * event::MINUTE;

/// Profiles by the strongest identifier that they were asked for by, bounded by bytes. One that was read longer ago than
/// `fresh_for` is read again; an older version never takes the place of a newer one.
pub struct HotProfiles {
    kept: Cache<Identifier, Arc<Hot>, ByBytes>,
    /// What was told of experiments.
    exposed: Cache<MessageHash, ()>,
    /// How often messages that wait on site were shown, where profiles may not tell of it yet.
    shown: Cache<Key, Showings>,
    fresh_for: i64,
}

/// What was found, or that nothing was.
pub(crate) struct Hot {
    pub found: Option<Found>,
    /// When it was read, UTC ms.
    at: i64,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Identifier, Arc<Hot>> for ByBytes {
    fn weight(&self, _: &Identifier, hot: &Arc<Hot>) -> u64 {
        ENTRY_BYTES + hot.found.as_ref().map_or(0, |found| found.blob.len() as u64)
    }
}

impl HotProfiles {
    /// Keeps up to so many bytes, each profile fresh for `fresh_for` ms.
    pub fn new(bytes: u64, fresh_for: i64) -> HotProfiles {
        let people = (bytes / 1_024).clamp(16, 1 << 20) as usize;
        let kept = Cache::with_weighter(people, bytes, ByBytes);
        HotProfiles { kept, exposed: Cache::new(EXPOSURES), shown: Cache::new(EXPOSURES), fresh_for }
    }

    /// How many bytes are kept, about.
    pub fn bytes(&self) -> u64 {
        self.kept.weight()
    }

    /// Whether an exposure is told for the first time, as far as this process remembers.
    pub(crate) fn is_first(&self, exposure: MessageHash) -> bool {
        let first = self.exposed.get(&exposure).is_none();
        if first {
            self.exposed.insert(exposure, ());
        }
        first
    }

    /// How often a message was shown by this process.
    pub(crate) fn showings(&self, action: Key) -> Showings {
        self.shown.get(&action).unwrap_or_default()
    }

    /// Remembers that a message is shown for the n-th time. `now` is UTC ms.
    pub(crate) fn show(&self, action: Key, times: u8, now: i64) {
        self.shown.insert(action, Showings { times, last: now, ended: false });
    }

    /// Has exposures told again that could not be published.
    pub fn forget(&self, exposures: &[Event<'_>]) {
        for exposure in exposures {
            self.exposed.remove(&exposure.hash);
        }
    }

    /// Who these identifiers (strongest first, at least one) stand for: from this process, from what processes share, or
    /// from the store, whichever has it fresh. `now` is UTC ms.
    ///
    /// # Errors
    /// The store does not answer, and nothing is known from the last minutes.
    pub(crate) async fn find<S: PersonSource, C: SharedProfiles>(
        &self,
        (store, shared): (&S, &C),
        identifiers: &[Identifier],
        now: i64,
    ) -> Result<Arc<Hot>, PortError> {
        let Some(strongest) = identifiers.first() else { return Ok(Arc::new(Hot { found: None, at: now })) };
        let kept = self.kept.get(strongest);
        if let Some(hot) = kept.as_ref().filter(|hot| (0..self.fresh_for).contains(&(now - hot.at))) {
            return Ok(Arc::clone(hot));
        }
        match shared.get(*strongest).await {
            Ok(None) => {}
            Ok(Some(found)) => return Ok(self.keep(*strongest, kept.as_deref(), Some(found), now)),
            // It spares reads, and is no place that anything depends on.
            Err(error) => tracing::warn!(%error, "shared profiles"),
        }
        match store.find(identifiers).await {
            Ok(found) => {
                if let Some(found) = &found
                    && let Err(error) = shared.put(*strongest, found).await
                {
                    tracing::warn!(%error, "shared profiles");
                }
                Ok(self.keep(*strongest, kept.as_deref(), found, now))
            }
            Err(error) => match kept.filter(|hot| (0..STALE).contains(&(now - hot.at))) {
                Some(hot) => {
                    tracing::warn!(%error, "an older profile serves");
                    Ok(hot)
                }
                None => Err(error),
            },
        }
    }

    /// Keeps what was read, unless what is kept is the same person's newer version: reads may lag behind each other.
    fn keep(&self, key: Identifier, kept: Option<&Hot>, found: Option<Found>, now: i64) -> Arc<Hot> {
        let newer = |found: &Found| {
            let before = kept.and_then(|hot| hot.found.as_ref());
            before.filter(|before| before.person == found.person && before.version > found.version).cloned()
        };
        let found = found.map(|found| newer(&found).unwrap_or(found));
        let hot = Arc::new(Hot { found, at: now });
        self.kept.insert(key, Arc::clone(&hot));
        hot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::IdentifierKind;
    use person::NothingShared;
    use pollster::block_on;
    use std::cell::{Cell, RefCell};

    struct Store {
        rows: RefCell<Vec<(Identifier, Found)>>,
        reads: Cell<u32>,
        down: Cell<bool>,
    }

    impl PersonSource for Store {
        async fn find(&self, identifiers: &[Identifier]) -> Result<Option<Found>, PortError> {
            self.reads.set(self.reads.get() + 1);
            if self.down.get() {
                return Err(PortError::Unavailable { what: "the store", reason: "down".into() });
            }
            let rows = self.rows.borrow();
            Ok(rows.iter().find(|(id, _)| identifiers.contains(id)).map(|(_, found)| found.clone()))
        }
    }

    fn id(n: u8) -> Identifier {
        Identifier { kind: IdentifierKind::User, key: Key([n; 16]) }
    }

    fn row(n: u8, version: u64, bytes: usize) -> (Identifier, Found) {
        (id(n), Found { person: Key([n; 16]), version, blob: vec![0; bytes].into() })
    }

    fn store(rows: Vec<(Identifier, Found)>) -> Store {
        Store { rows: RefCell::new(rows), reads: Cell::new(0), down: Cell::new(false) }
    }

    fn version(hot: &HotProfiles, store: &Store, n: u8, now: i64) -> Option<u64> {
        let found = block_on(hot.find((store, &NothingShared), &[id(n)], now)).unwrap();
        found.found.as_ref().map(|found| found.version)
    }

    #[test]
    fn what_is_fresh_is_not_read_again_and_what_is_older_never_wins() {
        let (hot, store) = (HotProfiles::new(1 << 20, 1_000), store(vec![row(1, 5, 100)]));
        assert_eq!(version(&hot, &store, 1, 0), Some(5));
        store.rows.borrow_mut()[0].1.version = 6;
        assert_eq!((version(&hot, &store, 1, 999), store.reads.get()), (Some(5), 1));
        assert_eq!((version(&hot, &store, 1, 1_000), store.reads.get()), (Some(6), 2));
        // A read that lags.
        store.rows.borrow_mut()[0].1.version = 5;
        assert_eq!((version(&hot, &store, 1, 2_000), store.reads.get()), (Some(6), 3));
        // Strangers are remembered as such.
        assert_eq!((version(&hot, &store, 2, 0), version(&hot, &store, 2, 1)), (None, None));
        assert_eq!(store.reads.get(), 4);
    }

    #[test]
    fn an_older_profile_serves_for_a_while_when_the_store_is_down() {
        let (hot, store) = (HotProfiles::new(1 << 20, 1_000), store(vec![row(1, 5, 100)]));
        assert_eq!(version(&hot, &store, 1, 0), Some(5));
        store.down.set(true);
        assert_eq!(version(&hot, &store, 1, STALE - 1), Some(5));
        assert!(block_on(hot.find((&store, &NothingShared), &[id(1)], STALE)).is_err());
        assert!(block_on(hot.find((&store, &NothingShared), &[id(2)], 0)).is_err());
    }

    #[test]
    fn no_more_bytes_are_kept_than_are_allowed() {
        let hot = HotProfiles::new(64 << 10, 1_000);
        let store = store((0..=255).map(|n| row(n, 1, 1_000)).collect());
        for n in 0..=255 {
            version(&hot, &store, n, 0);
            assert!(hot.bytes() <= 64 << 10, "{} bytes after {n}", hot.bytes());
        }
        assert!(hot.bytes() > 16 << 10, "{} bytes", hot.bytes());
    }
}
