//! Secrets of the deployment.

use crate::Aws;
use crate::failure::failure;
use aws_sdk_secretsmanager::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use event::PortError;

const WHAT: &str = "the secrets";

/// Secrets Manager.
pub struct Secrets {
    client: Client,
}

impl Secrets {
    pub fn new(aws: &Aws) -> Secrets {
        Secrets { client: aws.secrets() }
    }

    /// The current value of a secret, by its name or ARN; a text is its UTF-8 bytes.
    ///
    /// # Errors
    /// `Failed` for a secret that is not there, has no value, or may not be read.
    pub async fn get(&self, id: &str) -> Result<Vec<u8>, PortError> {
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
