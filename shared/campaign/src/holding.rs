//! Actions that are put off: quiet hours, a channel that does not answer.

use crate::Action;
use event::PortError;

/// Where held actions wait: what deliver-messages needs of it.
#[allow(async_fn_in_trait)]
pub trait Holding {
    /// Brings the action to deliver-messages again at `until` (UTC ms) or soon after. Holding it twice is
    /// holding it once.
    async fn hold(&self, action: &Action, until: i64) -> Result<(), PortError>;
}

/// An action that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// UTC ms.
    pub until: i64,
    pub action: Action,
}

/// Where held actions wait: what fire-timers needs of it.
#[allow(async_fn_in_trait)]
pub trait HeldStore {
    /// Actions held until a time up to `now` (UTC ms), those that waited longest first, at most `limit`.
    async fn due(&self, now: i64, limit: usize) -> Result<Vec<Held>, PortError>;
    /// Removes held actions; one that is gone already is no error.
    async fn remove(&self, held: &[Held]) -> Result<(), PortError>;
}
