//! What decisions about visitors are made by, made of what the environment names.

use crate::s3_object::{Got, Wanted};
use crate::{Aws, LiveConfig, LivePrivacy, Secret};
use aws_sdk_s3::Client;
use campaign::placement::Products;
use config::ExperienceConfig;
use event::{MINUTE, Parser, ParserSettings, PortError, Pseudonymizer};
use lambda::variables::{HASH_KEY_SECRET, PRIVACY_BUCKET};
use lambda::{Environment, EnvironmentError};
use std::sync::{Arc, Mutex, PoisonError};

/// The configuration, the key of identifiers, and the privacy list.
pub struct ExperienceRules {
    config: LiveConfig<ExperienceConfig>,
    hash_key: Secret,
    privacy: LivePrivacy,
}

impl ExperienceRules {
    /// # Errors
    /// A variable that is missing.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<ExperienceRules, EnvironmentError> {
        Ok(ExperienceRules {
            config: LiveConfig::of(aws, settings)?,
            hash_key: Secret::new(aws, settings.required(HASH_KEY_SECRET)?),
            privacy: LivePrivacy::new(aws, settings.optional(PRIVACY_BUCKET)),
        })
    }

    /// The configuration at `now` (UTC ms) and a parser of visitors by it, each at most a minute old.
    ///
    /// # Errors
    /// One of the three that can't be read, and none that was read a short while ago.
    pub async fn current(&self, now: i64) -> Result<(Arc<ExperienceConfig>, Parser), PortError> {
        let (config, key, privacy) =
            tokio::try_join!(self.config.current(now), self.hash_key.get(), self.privacy.current(now))?;
        let rules = ParserSettings { privacy, plan: None, ..config.settings.parser.clone() };
        Ok((config, Parser::new(Pseudonymizer::new(key), rules)))
    }
}

const WHAT: &str = "the table of products";
const KEY: &str = "reports/latest/products.json";
/// How long a table is not looked after, ms: it is made once a day.
const LOOK_AFTER: i64 = 10 * MINUTE;

/// What people look at, by the last report: kept in memory, and looked after now and then.
pub struct LiveProducts {
    client: Client,
    /// Nothing where the deployment names none: then there is no table.
    bucket: Option<String>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Default)]
struct Seen {
    products: Option<Arc<Products>>,
    etag: String,
    /// When it was last looked after, UTC ms.
    at: Option<i64>,
}

impl LiveProducts {
    pub fn new(aws: &Aws, bucket: Option<String>) -> LiveProducts {
        LiveProducts { client: aws.s3(), bucket, seen: Mutex::default() }
    }

    /// The table at `now` (UTC ms); none before the first report. One that can't be read is logged, and the one before
    /// serves: recommendations are nothing to wait for.
    pub async fn current(&self, now: i64) -> Option<Arc<Products>> {
        let bucket = self.bucket.as_deref()?;
        let mut seen = self.lock().clone();
        if seen.at.is_some_and(|at| (0..LOOK_AFTER).contains(&(now - at))) {
            return seen.products;
        }
        let known = Some(seen.etag.as_str()).filter(|etag| !etag.is_empty());
        let wanted = Wanted { if_none_match: known, ..Wanted::whole(bucket, KEY) };
        match wanted.get(&self.client, WHAT).await {
            Ok(Got::Bytes { bytes, etag, .. }) => {
                match serde_json::from_slice(&bytes) {
                    Ok(products) => seen.products = Some(Arc::new(products)),
                    Err(error) => tracing::warn!(%error, "{WHAT} is damaged; the one before serves"),
                }
                seen.etag = etag;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the one before serves"),
        }
        seen.at = Some(now);
        *self.lock() = seen.clone();
        seen.products
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        // What is in there is always whole.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
