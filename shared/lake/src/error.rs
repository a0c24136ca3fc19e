//! What can be wrong with a file of the lake.

use event::PortError;

/// A file that can't be read or written. Names the file; says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    #[error(
        "the lake file {file} is damaged: {reason}; restore it from a copy, or move it away and replay its day"
    )]
    Damaged { file: String, reason: String },
    #[error("the lake file {file} could not be built: {reason}")]
    Encode { file: String, reason: String },
}

impl From<LakeError> for PortError {
    fn from(error: LakeError) -> PortError {
        PortError::Failed { what: "the lake", reason: error.to_string() }
    }
}
