//! Random numbers of the system.

use event::PortError;

/// Random bytes that no two writers share. `what` names the store in the error.
pub(crate) fn random<const N: usize>(what: &'static str) -> Result<[u8; N], PortError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| PortError::Failed { what, reason: format!("no random numbers: {error}") })?;
    Ok(bytes)
}
