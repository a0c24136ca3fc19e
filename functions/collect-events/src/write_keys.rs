//! The keys under which sources may write, and how much each may.

use crate::Webhooks;
use crate::rate_limit::RateLimits;
use sha2::{Digest, Sha256};
use std::fmt;

/// The accepted write keys, each with the name of the source it stands for. A source may have several, so that a new
/// one can be handed out before the old one is taken away. Holds only digests, and compares them in time that does
/// not depend on the key.
#[derive(Clone, Default)]
pub struct WriteKeys {
    keys: Vec<(String, [u8; 32])>,
    limits: RateLimits,
    webhooks: Webhooks,
}

impl WriteKeys {
    /// From pairs of source name and key. A key is of characters that an address takes as they are
    /// (letters, digits, `-`, `_`, `.`, `~`); an empty one is left out, since it would let anybody write.
    pub fn new(keys: impl IntoIterator<Item = (String, String)>) -> WriteKeys {
        let keys = keys.into_iter().filter(|(_, key)| !key.is_empty());
        WriteKeys { keys: keys.map(|(source, key)| (source, digest(&key))).collect(), ..WriteKeys::default() }
    }

    /// The same with more of them, of which only the SHA-256 digests are known: one or several a source.
    pub fn and_digests<D: AsRef<[[u8; 32]]>>(
        mut self,
        digests: impl IntoIterator<Item = (String, D)>,
    ) -> WriteKeys {
        for (source, digests) in digests {
            self.keys.extend(digests.as_ref().iter().map(|digest| (source.clone(), *digest)));
        }
        self
    }

    /// The same, of which each source may send only so much.
    pub fn limited(mut self, limits: RateLimits) -> WriteKeys {
        self.limits = limits;
        self
    }

    /// The same with sources that sign what they send instead.
    pub fn and_webhooks(mut self, webhooks: Webhooks) -> WriteKeys {
        self.webhooks = webhooks;
        self
    }

    /// Whether nobody may write.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The name of the source that a key stands for.
    pub fn source(&self, key: &str) -> Option<&str> {
        let given = digest(key);
        let mut found = None;
        for (source, known) in &self.keys {
            let difference = given.iter().zip(known).fold(0, |difference, (a, b)| difference | (a ^ b));
            if std::hint::black_box(difference) == 0 {
                found = Some(source.as_str());
            }
        }
        found
    }

    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    pub(crate) fn limits(&self) -> &RateLimits {
        &self.limits
    }
}

impl fmt::Debug for WriteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(source, _)| source)).finish()
    }
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_its_source() {
        let keys =
            WriteKeys::new([("web", "w-1"), ("app", "a-1"), ("none", "")].map(|(n, k)| (n.into(), k.into())));
        let keys = keys.and_digests([("app".to_owned(), vec![digest("a-2"), digest("a-3")])]);
        assert_eq!(keys.source("w-1"), Some("web"));
        for app in ["a-1", "a-2", "a-3"] {
            assert_eq!(keys.source(app), Some("app"), "{app}");
        }
        for wrong in ["", "w-", "w-11", "W-1"] {
            assert_eq!(keys.source(wrong), None, "{wrong}");
        }
        assert!(!format!("{keys:?}").contains("w-1"));
    }
}
