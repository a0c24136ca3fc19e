//! What would become of actions, without anything being claimed or sent.

use crate::Deps;
use crate::people::People;
use crate::plan::{Plan, Verdict};
use campaign::{Action, Ledger, Reason};
use event::{PortError, Vault};
use person::ProfileStore;

/// What would become of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreseen {
    Sent,
    /// Until then, UTC ms.
    Held {
        until: i64,
    },
    Refused(Reason),
}

/// Decides on actions as [`crate::run`] would at `now` (UTC ms), each as if it were the only one: the live profile,
/// consent, caps, the address and the rendered message. Nothing is written.
///
/// # Errors
/// A store that is not available, and a damaged profile.
pub async fn foresee<P: ProfileStore, L: Ledger, V: Vault, B, H, E, W>(
    deps: &Deps<'_, P, L, V, B, H, E, W>,
    now: i64,
    actions: &[Action],
) -> Result<Vec<Foreseen>, PortError> {
    let people = People::load(deps.profiles, actions.iter().map(|action| action.person)).await?;
    let mut foreseen = Vec::with_capacity(actions.len());
    for action in actions {
        let plan = Plan::of(deps, now, action, people.now_known_as(action.person)).await?;
        foreseen.push(match plan.verdict {
            Verdict::Send(_) => Foreseen::Sent,
            Verdict::Hold { until } => Foreseen::Held { until },
            Verdict::Refuse(reason) => Foreseen::Refused(reason),
        });
    }
    Ok(foreseen)
}
