//! All that messages are delivered by.

use crate::delivery_secrets::DeliverySecrets;
use crate::{Aws, LiveConfig, LiveCreatives, LivePrivacy};
use campaign::DeliverySettings;
use config::Config;
use event::PortError;
use lambda::variables::{DATA_BUCKET, PRIVACY_BUCKET};
use lambda::{Environment, EnvironmentError};
use std::sync::Arc;

/// The configuration, with what it does not hold: who was erased or restricted, what was learned of creatives, and
/// secrets. Each is kept in memory and looked after by itself.
pub struct LiveDelivery {
    config: LiveConfig,
    privacy: LivePrivacy,
    creatives: LiveCreatives,
    secrets: DeliverySecrets,
}

impl LiveDelivery {
    /// What the environment names.
    ///
    /// # Errors
    /// `CONFIG_BUCKET` or `HASH_KEY_SECRET` is not set.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<LiveDelivery, EnvironmentError> {
        Ok(LiveDelivery {
            config: LiveConfig::of(aws, settings)?,
            privacy: LivePrivacy::new(aws, settings.optional(PRIVACY_BUCKET)),
            creatives: LiveCreatives::new(aws, settings.optional(DATA_BUCKET)),
            secrets: DeliverySecrets::of(aws, settings)?,
        })
    }

    /// The configuration at `now` (UTC ms), and its settings of delivery with the rest in them.
    ///
    /// # Errors
    /// There is no good configuration yet; the privacy list or a secret can't be read.
    pub async fn current(&self, now: i64) -> Result<(Arc<Config>, DeliverySettings), PortError> {
        let (config, privacy) = tokio::try_join!(self.config.current(now), self.privacy.current(now))?;
        let creatives = self.creatives.current(now).await;
        let mut settings = DeliverySettings { privacy, creatives, ..config.settings.delivery.clone() };
        self.secrets.fill(&mut settings).await?;
        Ok((config, settings))
    }
}
