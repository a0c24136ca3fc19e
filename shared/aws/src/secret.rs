//! A secret of the deployment.

use crate::Aws;
use crate::failure::failure;
use aws_sdk_secretsmanager::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use event::PortError;
use tokio::sync::OnceCell;

const WHAT: &str = "the secret";

/// A secret in Secrets Manager, read once.
pub struct Secret {
    client: Client,
    /// `None`: there is none.
    id: Option<String>,
    value: OnceCell<Vec<u8>>,
}

impl Secret {
    /// `id` is its name or ARN.
    pub fn new(aws: &Aws, id: impl Into<String>) -> Secret {
        Secret { client: aws.secrets(), id: Some(id.into()), value: OnceCell::new() }
    }

    /// One that a deployment need not have: without an id its value is empty.
    pub fn optional(aws: &Aws, id: Option<String>) -> Secret {
        Secret { client: aws.secrets(), id, value: OnceCell::new() }
    }

    /// Its value as it was when it was first asked for; a text is its UTF-8 bytes.
    ///
    /// # Errors
    /// `Failed` for a secret that is not there, has no value, or may not be read.
    pub async fn get(&self) -> Result<&[u8], PortError> {
        self.value.get_or_try_init(|| self.read()).await.map(Vec::as_slice)
    }

    async fn read(&self) -> Result<Vec<u8>, PortError> {
        let Some(id) = &self.id else { return Ok(Vec::new()) };
        let answer = self.client.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| match error.code() {
            Some("ResourceNotFoundException") => not_there(id),
            _ => failure(WHAT, error),
        })?;
        let binary = answer.secret_binary.map(|bytes| bytes.into_inner());
        let value = answer.secret_string.map(String::into_bytes).or(binary);
        value.filter(|value| !value.is_empty()).ok_or_else(|| not_there(id))
    }
}

fn not_there(id: &str) -> PortError {
    let reason = format!(
        "{id} has no value: make the secret in this region and put its value with `aws secretsmanager \
         put-secret-value`, or correct the name"
    );
    PortError::Failed { what: WHAT, reason }
}
