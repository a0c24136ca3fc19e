//! How much a source may send.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How many seconds' worth a source that was quiet may send at once.
const BURST_SECONDS: i64 = 10;
/// Thousandths of an event.
const EVENT: i64 = 1_000;

/// A limit a source in events a second, kept by this process for itself: a token bucket of ten seconds' worth. A
/// source without one may send what it likes. Clones share what was sent.
#[derive(Clone, Default)]
pub struct RateLimits {
    per_second: Arc<BTreeMap<String, u32>>,
    buckets: Arc<Mutex<BTreeMap<String, Bucket>>>,
}

struct Bucket {
    /// Thousandths of an event that may be sent; below zero after a batch that was larger than what was left.
    left: i64,
    /// Until when it was filled, UTC ms.
    at: i64,
}

impl RateLimits {
    pub fn new(per_second: BTreeMap<String, u32>) -> RateLimits {
        RateLimits { per_second: Arc::new(per_second), buckets: Arc::default() }
    }

    /// Other limits, with what was sent so far.
    pub fn renewed(&self, per_second: BTreeMap<String, u32>) -> RateLimits {
        RateLimits { per_second: Arc::new(per_second), buckets: Arc::clone(&self.buckets) }
    }

    /// Whether the source may send now (UTC ms); if not, after how many seconds it may.
    pub(crate) fn check(&self, source: &str, now: i64) -> Result<(), i64> {
        let Some(rate) = self.rate(source) else { return Ok(()) };
        self.bucket(source, rate, now, |left| {
            if *left >= EVENT {
                return Ok(());
            }
            // A thousandth of an event a millisecond is an event a second.
            Err(((EVENT - *left).div_euclid(rate) / 1_000 + 1).max(1))
        })
    }

    /// Counts what it sent.
    pub(crate) fn spend(&self, source: &str, events: usize, now: i64) {
        if let Some(rate) = self.rate(source) {
            self.bucket(source, rate, now, |left| *left -= events as i64 * EVENT);
        }
    }

    fn rate(&self, source: &str) -> Option<i64> {
        if self.per_second.is_empty() {
            return None;
        }
        self.per_second.get(source).map(|rate| i64::from(*rate).max(1))
    }

    fn bucket<T>(&self, source: &str, rate: i64, now: i64, look: impl FnOnce(&mut i64) -> T) -> T {
        let full = rate * BURST_SECONDS * EVENT;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(source) {
            buckets.insert(source.to_owned(), Bucket { left: full, at: now });
        }
        let bucket = buckets.entry(source.to_owned()).or_insert(Bucket { left: full, at: now });
        let passed = (now - bucket.at).clamp(0, 3_600_000);
        bucket.left = (bucket.left + passed * rate).min(full);
        bucket.at = now;
        look(&mut bucket.left)
    }
}

impl fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.per_second.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills() {
        let limits = RateLimits::new(BTreeMap::from([("web".to_owned(), 5)]));
        assert_eq!(limits.check("web", 0), Ok(()));
        limits.spend("web", 50, 0);
        assert_eq!(limits.check("web", 0), Err(1));
        // One event comes back in 200 ms.
        assert_eq!(limits.check("web", 199), Err(1));
        assert_eq!(limits.check("web", 200), Ok(()));
        limits.spend("web", 101, 200);
        assert_eq!(limits.check("web", 200), Err(21));
        assert_eq!(limits.check("web", 20_400), Ok(()));
        assert_eq!(limits.check("app", 0), Ok(()));
        // Other limits do not forget what was sent.
        limits.spend("web", 1, 20_400);
        assert!(limits.renewed(BTreeMap::from([("web".to_owned(), 1)])).check("web", 20_400).is_err());
    }
}
