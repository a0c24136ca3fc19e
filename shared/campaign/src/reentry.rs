//! Which journeys of one campaign live beside each other, and which give way.

use crate::campaign::{Campaign, Reentry};
use crate::journeys::{InCampaign, Journey, MAX_ACTIVE, Mark};

/// How many journeys of one key wait for each other under [`Reentry::Ignore`]: the first and the newest.
const MAX_WAITING: usize = 8;

impl InCampaign {
    /// Lets a journey in by the re-entry rule, unless an event that cancels it came before it.
    ///
    /// Under [`Reentry::Ignore`] what is ignored stays, waiting behind the journey that is under way: an event
    /// that is late may yet cancel the first and not the second.
    pub(crate) fn admit(&mut self, journey: Journey, campaign: &Campaign) {
        if self.marks.iter().any(|mark| mark.cancels(&journey)) {
            return;
        }
        let gone_on = |other: &Journey| other.step != journey.step && other.step != Journey::WAITING;
        match campaign.entry.reentry {
            Reentry::Each => {}
            // An entry that comes late does not stop a journey that has sent something.
            Reentry::Ignore => {
                let later = |other: &&Journey| other.key == journey.key && other.order() > journey.order();
                if self.active.iter().filter(later).any(gone_on) {
                    return;
                }
            }
            Reentry::Restart if self.active.iter().any(|other| replaces(other, &journey)) => return,
            Reentry::Restart => self.active.retain(|other| !replaces(&journey, other)),
        }
        let Err(at) = self.active.binary_search_by(|other| other.order().cmp(&journey.order())) else {
            return;
        };
        self.active.insert(at, journey);
        if campaign.entry.reentry == Reentry::Ignore {
            self.bound_waiting(at);
        }
        if self.active.len() > MAX_ACTIVE {
            self.active.remove(0);
        }
    }

    /// Ends the journeys that an event cancels, and those behind them that began before it.
    pub(crate) fn cancel(&mut self, mark: &Mark) {
        let blocked = |journey: &&Journey| journey.step == Journey::WAITING;
        if self.active.iter().any(|journey| blocked(&journey)) {
            let ended = self.active.iter().filter(|journey| !blocked(journey) && mark.cancels(journey));
            let keys: Vec<String> = ended.map(|journey| journey.key.clone()).collect();
            self.active.retain(|journey| journey.entered_at > mark.at || !keys.contains(&journey.key));
        }
        self.active.retain(|journey| !mark.cancels(journey));
    }

    /// Of the journeys with the key of the one at `index`, keeps the first and the newest.
    fn bound_waiting(&mut self, index: usize) {
        let key = &self.active[index].key;
        let mut same =
            self.active.iter().enumerate().filter(|(_, other)| other.key == *key).map(|(at, _)| at);
        let second = same.by_ref().nth(1);
        if let Some(second) = second.filter(|_| same.count() + 2 > MAX_WAITING) {
            self.active.remove(second);
        }
    }
}

/// Whether a journey takes the place of another under [`Reentry::Restart`]: it began while that one waited.
pub(crate) fn replaces(later: &Journey, earlier: &Journey) -> bool {
    later.key == earlier.key && earlier.order() < later.order() && later.entered_at <= earlier.due_at
}
