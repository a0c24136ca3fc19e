//! What came of a conditional write.

use crate::failure::failure;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use event::PortError;
use std::error::Error;

/// Whether a conditional PutItem or DeleteItem was done: `false` where its condition failed. `what` names the store
/// in other errors.
pub(crate) fn done<T, E, R>(what: &'static str, answer: Result<T, SdkError<E, R>>) -> Result<bool, PortError>
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(failure(what, error)),
    }
}
