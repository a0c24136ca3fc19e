//! The configuration that a deployment runs by.

use crate::Aws;
use crate::s3_object::{Got, Wanted};
use aws_sdk_s3::Client;
use config::{Config, Files, FromFiles};
use event::{MINUTE, PortError};
use lambda::variables::{CONFIG_BUCKET, CONFIG_KEY, DEFAULT_CONFIG_KEY};
use lambda::{Environment, EnvironmentError};
use std::sync::{Arc, Mutex, PoisonError};

const WHAT: &str = "the configuration";

/// The configuration bundle: one object, replaced as a whole, kept in memory and looked after once a minute. Of what
/// it holds, `C` is read.
pub struct LiveConfig<C = Config> {
    client: Client,
    bucket: String,
    key: String,
    kept: Mutex<Option<Kept<C>>>,
}

struct Kept<C> {
    config: Arc<C>,
    /// The version that was seen last, which may be one with mistakes.
    etag: String,
    /// When that was, UTC ms.
    checked_at: i64,
}

impl<C> Clone for Kept<C> {
    fn clone(&self) -> Kept<C> {
        Kept { config: Arc::clone(&self.config), etag: self.etag.clone(), checked_at: self.checked_at }
    }
}

impl<C: FromFiles> LiveConfig<C> {
    /// The one that the environment names.
    ///
    /// # Errors
    /// `CONFIG_BUCKET` is not set.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<LiveConfig<C>, EnvironmentError> {
        let key = settings.parsed(CONFIG_KEY, DEFAULT_CONFIG_KEY.to_owned())?;
        Ok(LiveConfig::new(aws, settings.required(CONFIG_BUCKET)?, key))
    }

    pub fn new(aws: &Aws, bucket: impl Into<String>, key: impl Into<String>) -> LiveConfig<C> {
        LiveConfig { client: aws.s3(), bucket: bucket.into(), key: key.into(), kept: Mutex::new(None) }
    }

    /// The configuration at `now` (UTC ms), at most a minute old. Where a new one has mistakes, or the bucket does
    /// not answer, that is logged and the last good one stays in force.
    ///
    /// # Errors
    /// There is no good one yet: the bundle is not there, can't be read, or has mistakes.
    pub async fn current(&self, now: i64) -> Result<Arc<C>, PortError> {
        let kept = self.lock().clone();
        let Some(kept) = kept else {
            let (config, etag) = self.load(None).await?.ok_or_else(|| self.not_there())?;
            return Ok(self.keep(Kept { config: Arc::new(config?), etag, checked_at: now }));
        };
        // A clock that was set back has it looked after at once.
        if (0..MINUTE).contains(&(now - kept.checked_at)) {
            return Ok(kept.config);
        }
        let mut next = Kept { checked_at: now, ..kept };
        match self.load(Some(&next.etag)).await {
            Ok(None) => {}
            Ok(Some((Ok(config), etag))) => (next.config, next.etag) = (Arc::new(config), etag),
            // It is told once: the next look asks for what is newer than this.
            Ok(Some((Err(error), etag))) => {
                tracing::error!(%error, "the configuration before stays in force");
                next.etag = etag;
            }
            Err(error) => tracing::warn!(%error, "the configuration before stays in force"),
        }
        Ok(self.keep(next))
    }

    /// The bundle and its version; `None` where it is still the version `known`.
    async fn load(&self, known: Option<&str>) -> Result<Option<(Result<C, PortError>, String)>, PortError> {
        let known = known.filter(|etag| !etag.is_empty());
        let wanted = Wanted { if_none_match: known, ..Wanted::whole(&self.bucket, &self.key) };
        match wanted.get(&self.client, WHAT).await? {
            Got::Bytes { bytes, etag, .. } => {
                Ok(Some((read(&bytes).map_err(|reason| wanted.failed(WHAT, &reason)), etag)))
            }
            Got::NotModified => Ok(None),
            _ => Err(self.not_there()),
        }
    }

    fn not_there(&self) -> PortError {
        let reason = "it is not there: put the configuration's bundle under this key, and have CONFIG_BUCKET \
                      and CONFIG_KEY name it";
        Wanted::whole(&self.bucket, &self.key).failed(WHAT, reason)
    }

    fn keep(&self, kept: Kept<C>) -> Arc<C> {
        let config = kept.config.clone();
        *self.lock() = Some(kept);
        config
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Kept<C>>> {
        // What is in there is always whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The configuration in a bundle, or what is wrong with it.
fn read<C: FromFiles>(bundle: &[u8]) -> Result<C, String> {
    let files = Files::of_bundle(bundle).map_err(|error| {
        format!("it is no bundle of files ({error}): put one that was made from the configuration's folder")
    })?;
    let (config, problems) = C::read(&files);
    match problems.is_empty() {
        true => Ok(config),
        false => Err(format!("mistakes to correct before it is put again:\n{problems}")),
    }
}
