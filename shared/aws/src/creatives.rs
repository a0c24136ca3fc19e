//! What was learned of creatives, in an object beside the lake.

use crate::s3_object::{Got, Wanted};
use crate::{Aws, LakeBucket};
use aws_sdk_s3::Client;
use campaign::{CreativeStore, Creatives};
use event::{MINUTE, PortError};
use lake::{LakeFile, LakeStore};
use std::sync::{Arc, Mutex, PoisonError};

const WHAT: &str = "what was learned of creatives";
/// How long it is not looked after, ms: it is learned once a day.
const LOOK_AFTER: i64 = 10 * MINUTE;

impl CreativeStore for LakeBucket {
    async fn load(&self) -> Result<Creatives, PortError> {
        let wanted = Wanted::whole(&self.bucket, Creatives::PATH);
        match wanted.get(&self.client, WHAT).await? {
            Got::Bytes { bytes, .. } => read(&bytes, &self.bucket),
            _ => Ok(Creatives::default()),
        }
    }

    async fn save(&self, creatives: &Creatives) -> Result<(), PortError> {
        LakeStore::put(self, &LakeFile { path: Creatives::PATH.to_owned(), bytes: creatives.encode() }).await
    }
}

/// The same for who chooses by it: kept in memory, and looked after now and then.
pub struct LiveCreatives {
    client: Client,
    /// Nothing where the deployment names none: then all is left to chance.
    bucket: Option<String>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Default)]
struct Seen {
    creatives: Arc<Creatives>,
    etag: String,
    /// When it was last looked after, UTC ms.
    at: Option<i64>,
}

impl LiveCreatives {
    pub fn new(aws: &Aws, bucket: Option<String>) -> LiveCreatives {
        LiveCreatives { client: aws.s3(), bucket, seen: Mutex::default() }
    }

    /// What was learned by `now` (UTC ms); nothing before the first lesson. What can't be read is logged, and what was read
    /// before serves: no message waits for it.
    pub async fn current(&self, now: i64) -> Arc<Creatives> {
        let mut seen = self.lock().clone();
        let Some(bucket) = self.bucket.as_deref() else { return seen.creatives };
        // A clock that was set back has it looked after at once.
        if seen.at.is_some_and(|at| (0..LOOK_AFTER).contains(&(now - at))) {
            return seen.creatives;
        }
        let known = Some(seen.etag.as_str()).filter(|etag| !etag.is_empty());
        let wanted = Wanted { if_none_match: known, ..Wanted::whole(bucket, Creatives::PATH) };
        match wanted.get(&self.client, WHAT).await {
            Ok(Got::Bytes { bytes, etag, .. }) => {
                match read(&bytes, bucket) {
                    Ok(creatives) => seen.creatives = Arc::new(creatives),
                    Err(error) => tracing::warn!(%error, "the one before serves"),
                }
                seen.etag = etag;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the one before serves"),
        }
        seen.at = Some(now);
        *self.lock() = seen.clone();
        seen.creatives
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        // What is in there is always whole.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(bytes: &[u8], bucket: &str) -> Result<Creatives, PortError> {
    Creatives::of_file(bytes, &format!("s3://{bucket}/{}", Creatives::PATH))
}
