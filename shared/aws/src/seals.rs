//! Under what raw personal data is sealed.

use crate::data_keys::DataKeys;
use crate::{Aws, Secret};
use event::PortError;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::OnceCell;
use vault::{Keyring, Place, Sealer};

/// Seals and opens what lies in the vault and in the quarantine. Clones share their keys.
#[derive(Clone)]
pub struct Seals {
    keys: Arc<Keys>,
}

enum Keys {
    Kms(DataKeys),
    Secret { secret: Secret, sealer: OnceCell<Sealer> },
}

impl Seals {
    /// Under what an ARN names.
    ///
    /// A key of KMS: each value carries a data key, wrapped under it. Who may only have new data keys made
    /// (`kms:GenerateDataKey`) can't open what others sealed; who opens unwraps (`kms:Decrypt`). Any other is a secret
    /// of Secrets Manager, one line a key, each any text with enough chance in it: the first one seals, all open.
    pub fn new(aws: &Aws, arn: impl Into<String>) -> Seals {
        let arn = arn.into();
        let keys = match arn.split(':').nth(2) {
            Some("kms") => Keys::Kms(DataKeys::new(aws, arn)),
            _ => Keys::Secret { secret: Secret::new(aws, arn), sealer: OnceCell::new() },
        };
        Seals { keys: Arc::new(keys) }
    }

    pub(crate) async fn seal(&self, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, PortError> {
        match &*self.keys {
            Keys::Kms(keys) => keys.seal(place, value).await,
            Keys::Secret { secret, sealer } => {
                sealer.get_or_try_init(|| read(secret)).await?.seal(place, value)
            }
        }
    }

    pub(crate) async fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        match &*self.keys {
            Keys::Kms(keys) => keys.open(place, sealed).await,
            Keys::Secret { secret, sealer } => {
                sealer.get_or_try_init(|| read(secret)).await?.open(place, sealed)
            }
        }
    }
}

async fn read(secret: &Secret) -> Result<Sealer, PortError> {
    let failed = |reason: &str| PortError::Failed { what: "the vault's secret", reason: reason.to_owned() };
    let text = std::str::from_utf8(secret.get().await?)
        .map_err(|_| failed("it is not text; write one key a line"))?;
    let keys: Vec<u8> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .flat_map(|line| Sha256::new().chain_update(b"rondo vault key").chain_update(line).finalize())
        .collect();
    let ring = Keyring::parse(&keys).map_err(|_| {
        failed("it holds no key, or more than eight, or one of them twice; write one key a line")
    })?;
    Ok(Sealer::new(ring))
}
