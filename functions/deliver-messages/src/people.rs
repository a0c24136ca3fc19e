//! The people of a batch, as they are now.

use event::{Key, PortError};
use person::{Blob, ProfileStore};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Stored profiles by person, merged people with those they were merged into.
pub(crate) struct People {
    blobs: BTreeMap<Key, Option<Arc<[u8]>>>,
}

/// How many merges one after the other are followed.
const MAX_HOPS: usize = 8;

impl People {
    /// Loads these people, and whom their forwarding pointers name: one read for most batches.
    pub async fn load(
        store: &impl ProfileStore,
        people: impl IntoIterator<Item = Key>,
    ) -> Result<People, PortError> {
        let mut blobs = BTreeMap::new();
        let mut wanted: Vec<Key> = people.into_iter().collect();
        for _ in 0..=MAX_HOPS {
            wanted.sort_unstable();
            wanted.dedup();
            wanted.retain(|person| !blobs.contains_key(person));
            if wanted.is_empty() {
                break;
            }
            let stored = store.load(&wanted).await?;
            let loaded = wanted.drain(..).zip(stored.into_iter().map(|stored| stored.map(|s| s.blob)));
            let next = loaded
                .filter_map(|(person, blob)| {
                    let forward = blob.as_deref().and_then(|blob| Blob::forward_of(blob).ok().flatten());
                    blobs.insert(person, blob);
                    forward
                })
                .collect();
            wanted = next;
        }
        Ok(People { blobs })
    }

    /// The id a person goes by now, and their stored profile; `None` where there is none.
    pub fn now_known_as(&self, person: Key) -> (Key, Option<&[u8]>) {
        let mut at = person;
        for _ in 0..=MAX_HOPS {
            let Some(Some(blob)) = self.blobs.get(&at) else { return (at, None) };
            match Blob::forward_of(blob) {
                Ok(Some(target)) => at = target,
                _ => return (at, Some(blob)),
            }
        }
        (person, None)
    }
}
