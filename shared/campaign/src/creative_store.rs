//! Where it is kept what was learned of creatives: the port.

use crate::Creatives;
use event::PortError;

/// Keeps what was learned as one small file, `models/creatives`. build-reports writes it on AWS, `rondo learn` on one machine;
/// who chooses reads it.
#[allow(async_fn_in_trait)]
pub trait CreativeStore {
    /// What was learned; nothing where nothing was yet.
    async fn load(&self) -> Result<Creatives, PortError>;
    /// Puts it in the place of what was there, whole and durably.
    async fn save(&self, creatives: &Creatives) -> Result<(), PortError>;
}

impl Creatives {
    /// The path of the file.
    pub const PATH: &'static str = "models/creatives";

    /// Reads the file that lies at `place`.
    ///
    /// # Errors
    /// A damaged file, with what to do.
    pub fn of_file(bytes: &[u8], place: &str) -> Result<Creatives, PortError> {
        Creatives::decode(bytes).map_err(|_| PortError::Failed {
            what: "what was learned of creatives",
            reason: format!("{place} is damaged: remove it, and it is made anew from the lake the next time"),
        })
    }
}
