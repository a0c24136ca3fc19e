//! What delivery needs and the configuration does not hold.

use crate::{Aws, Secret};
use campaign::{DeliverySettings, WebhookSecrets};
use event::{PortError, Pseudonymizer};
use lambda::variables::{CHANNEL_SECRETS, HASH_KEY_SECRET};
use lambda::{Environment, EnvironmentError};
use token::TokenKey;

/// The key of the messages' tokens, and what webhooks are signed with. Each is read once.
pub(crate) struct DeliverySecrets {
    hash_key: Secret,
    channels: Secret,
}

impl DeliverySecrets {
    /// Those that the environment names.
    ///
    /// # Errors
    /// `HASH_KEY_SECRET` is not set.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<DeliverySecrets, EnvironmentError> {
        let hash_key = Secret::new(aws, settings.required(HASH_KEY_SECRET)?);
        Ok(DeliverySecrets { hash_key, channels: Secret::optional(aws, settings.optional(CHANNEL_SECRETS)) })
    }

    /// Puts them beside the settings that need them.
    ///
    /// # Errors
    /// A secret that can't be read, or is not written as it should be.
    pub async fn fill(&self, settings: &mut DeliverySettings) -> Result<(), PortError> {
        settings.tokens = Some(TokenKey::of(&Pseudonymizer::new(self.hash_key.get().await?)));
        let secrets = WebhookSecrets::parse(self.channels.get().await?)
            .map_err(|reason| PortError::Failed { what: "the secret of the channels", reason })?;
        secrets.fill(&mut settings.webhooks);
        Ok(())
    }
}
