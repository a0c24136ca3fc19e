//! Data keys of KMS, kept for a while.

use crate::Aws;
use crate::failure::failure;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use event::PortError;
use foldhash::{HashMap, HashMapExt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use vault::{DataKey, Place, wrapped_key};

const WHAT: &str = "the key of the vault";
/// How long a data key seals, and how many values at most. Each process has its own, so that a key that got out opens
/// little; and a call of KMS serves many values.
const LONGEST: Duration = Duration::from_secs(3_600);
const MOST_VALUES: u32 = 100_000;
/// How many unwrapped keys are kept to open with, and how long: a right that is taken away ends within the hour.
const MOST_KEPT: usize = 1_000;
/// What binds a wrapped key to its use: KMS refuses to unwrap it for another, and its log of calls names it.
const CONTEXT: (&str, &str) = ("rondo", "vault");

/// Seals under data keys that a key of KMS wraps, and opens what was sealed so.
pub(crate) struct DataKeys {
    client: Client,
    key: String,
    sealing: Mutex<Option<Sealing>>,
    opening: Mutex<Opening>,
}

/// Unwrapped keys and since when they are kept, by their wrapped form.
type Opening = HashMap<Vec<u8>, (Instant, Arc<DataKey>)>;

struct Sealing {
    key: Arc<DataKey>,
    since: Instant,
    values: u32,
}

impl DataKeys {
    pub fn new(aws: &Aws, key: impl Into<String>) -> DataKeys {
        DataKeys {
            client: aws.kms(),
            key: key.into(),
            sealing: Mutex::default(),
            opening: Mutex::new(HashMap::new()),
        }
    }

    pub async fn seal(&self, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, PortError> {
        let key = match self.current() {
            Some(key) => key,
            None => self.generate().await?,
        };
        key.seal(place, value)
    }

    pub async fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let wrapped = wrapped_key(sealed).ok_or_else(|| {
            failed("a value carries no data key: it is damaged, or was sealed while VaultKey was `secret`")
        })?;
        self.unwrapped(wrapped).await?.open(place, sealed)
    }

    /// The key that seals now, if it may go on.
    fn current(&self) -> Option<Arc<DataKey>> {
        let mut sealing = lock(&self.sealing);
        let current = sealing.as_mut()?;
        if current.values >= MOST_VALUES || current.since.elapsed() >= LONGEST {
            return None;
        }
        current.values += 1;
        Some(Arc::clone(&current.key))
    }

    async fn generate(&self) -> Result<Arc<DataKey>, PortError> {
        let call = self.client.generate_data_key().key_id(&self.key).key_spec(DataKeySpec::Aes256);
        let answer = call.encryption_context(CONTEXT.0, CONTEXT.1).send().await;
        let answer = answer.map_err(|error| failure(WHAT, error))?;
        let wrapped = answer.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
        let key = Arc::new(DataKey::new(&plain(answer.plaintext)?, wrapped));
        *lock(&self.sealing) = Some(Sealing { key: Arc::clone(&key), since: Instant::now(), values: 1 });
        Ok(key)
    }

    async fn unwrapped(&self, wrapped: &[u8]) -> Result<Arc<DataKey>, PortError> {
        if let Some((since, key)) = lock(&self.opening).get(wrapped)
            && since.elapsed() < LONGEST
        {
            return Ok(Arc::clone(key));
        }
        let call = self.client.decrypt().key_id(&self.key).ciphertext_blob(Blob::new(wrapped));
        let answer = call.encryption_context(CONTEXT.0, CONTEXT.1).send().await;
        let answer = answer.map_err(|error| failure(WHAT, error))?;
        let key = Arc::new(DataKey::new(&plain(answer.plaintext)?, wrapped.to_vec()));
        let mut opening = lock(&self.opening);
        if opening.len() >= MOST_KEPT {
            opening.clear();
        }
        opening.insert(wrapped.to_vec(), (Instant::now(), Arc::clone(&key)));
        Ok(key)
    }
}

fn plain(plaintext: Option<Blob>) -> Result<[u8; 32], PortError> {
    let bytes = plaintext.map(Blob::into_inner).unwrap_or_default();
    bytes.try_into().map_err(|_| failed("KMS gave a data key that has not 32 bytes"))
}

fn failed(reason: &str) -> PortError {
    PortError::Failed { what: WHAT, reason: reason.to_owned() }
}

/// Whoever panicked while holding it left nothing half done: what is kept is whole or absent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
