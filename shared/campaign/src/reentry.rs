//! Which journeys of one campaign live beside each other, which give way, and what events do to them.

use crate::campaign::Campaign;
use crate::entry::Reentry;
use crate::journey::{By, Journey, Meaning, Seen};
use crate::journeys::{InCampaign, MAX_ACTIVE, meanings};
use crate::steps::Step;

/// How many journeys of one key wait for each other under [`Reentry::Ignore`]: the first and the newest.
const MAX_WAITING: usize = 8;

impl InCampaign {
    /// Lets a journey in by the re-entry rule, unless an event that ends it came before it.
    ///
    /// Under [`Reentry::Ignore`] what is ignored stays, waiting behind the journey that is under way: an event
    /// that is late may yet end the first and not the second.
    pub(crate) fn admit(&mut self, mut journey: Journey, campaign: &Campaign, seen: &[Seen]) {
        if let Some(at) = self.catch_up(&mut journey, campaign, seen) {
            if journey.by == By::Goal {
                self.reached.push((journey, at));
            }
            return;
        }
        if self.is_too_soon(&journey, campaign) {
            return;
        }
        let gone_on = |other: &Journey| other.step != journey.step && !other.waiting;
        match campaign.entry.reentry {
            Reentry::Each => {}
            // An entry that comes late does not stop a journey that has sent something.
            Reentry::Ignore => {
                let later = |other: &&Journey| other.key == journey.key && other.order() > journey.order();
                if self.active.iter().filter(later).any(gone_on) {
                    return;
                }
            }
            Reentry::Restart => {
                let next =
                    self.active.iter().find(|other| replaces(other, &journey)).map(|other| other.entered_at);
                match next {
                    Some(at) if journey.listens(campaign) => journey.hasten(at, By::Exit),
                    Some(_) => return,
                    None => self.replace_by(&journey, campaign),
                }
            }
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

    /// Ends the journeys that give way to one that begins.
    pub(crate) fn replace_by(&mut self, journey: &Journey, campaign: &Campaign) {
        self.active.retain_mut(|other| {
            let gives_way = replaces(journey, other);
            if gives_way && other.listens(campaign) {
                other.hasten(journey.entered_at, By::Exit);
                return true;
            }
            !gives_way
        });
    }

    /// Ends the journeys that an event ends, and those behind them that began before it. At a step that waits for
    /// an event, an earlier one may be on its way: there the end waits for its turn.
    pub(crate) fn end(&mut self, end: &Meaning<'_>, campaign: &Campaign) {
        let ended_now = |journey: &Journey| end.ends(journey) && !journey.listens(campaign);
        if self.active.iter().any(|journey| journey.waiting) {
            let ended = self.active.iter().filter(|journey| !journey.waiting && ended_now(journey));
            let keys: Vec<String> = ended.map(|journey| journey.key.clone()).collect();
            self.active.retain(|journey| {
                !journey.waiting || journey.entered_at > end.at || !keys.contains(&journey.key)
            });
        }
        let reached = &mut self.reached;
        self.active.retain_mut(|journey| {
            if !end.ends(journey) {
                return true;
            }
            if journey.listens(campaign) {
                journey.hasten(end.at, end.by());
                return true;
            }
            if end.is_goal() && !journey.waiting {
                reached.push((journey.clone(), end.at));
            }
            false
        });
    }

    /// Lets the journeys that wait for an event know of it.
    pub(crate) fn tell(&mut self, heard: &Meaning<'_>, campaign: &Campaign) {
        for journey in &mut self.active {
            journey.hear(heard, campaign);
        }
    }

    /// Lets a journey that came to a step know of the events that are known already. Returns when one of them ended it,
    /// UTC ms; [`Journey::by`] says how.
    pub(crate) fn catch_up(&self, journey: &mut Journey, campaign: &Campaign, seen: &[Seen]) -> Option<i64> {
        let known = || meanings(&self.marks, seen, campaign);
        for meaning in known() {
            journey.hear(&meaning, campaign);
        }
        let end = known().filter(|meaning| meaning.ends(journey)).min_by_key(|meaning| meaning.at)?;
        if journey.listens(campaign) {
            journey.hasten(end.at, end.by());
            return None;
        }
        journey.by = end.by();
        Some(end.at)
    }

    /// Whether something was sent for another entry of the same key too short a time before, or after.
    pub(crate) fn is_too_soon(&self, journey: &Journey, campaign: &Campaign) -> bool {
        campaign.entry.again_after.is_some_and(|span| {
            let near = |entered_at: i64| {
                entered_at != journey.entered_at && entered_at.abs_diff(journey.entered_at) < span as u64
            };
            self.past.iter().any(|past| past.key == journey.key && near(past.entered_at))
        })
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

impl Journey {
    /// Whether it stands at a step that waits for an event.
    pub(crate) fn listens(&self, campaign: &Campaign) -> bool {
        matches!(campaign.steps.get(self.step as usize), Some(Step::WaitForEvent(_)))
    }

    /// Makes the step due earlier; of what happened at the same time, what ends the journey counts.
    pub(crate) fn hasten(&mut self, at: i64, by: By) {
        if at < self.due_at || (at == self.due_at && by > self.by) {
            (self.due_at, self.by) = (at.max(self.entered_at), by);
        }
    }

    fn hear(&mut self, heard: &Meaning<'_>, campaign: &Campaign) {
        let Some(Step::WaitForEvent(wait)) = campaign.steps.get(self.step as usize) else { return };
        if heard.is_awaited(self, wait.awaited) {
            self.hasten(heard.at, By::Event);
        }
    }
}

/// Whether a journey takes the place of another under [`Reentry::Restart`]: it began while that one waited.
pub(crate) fn replaces(later: &Journey, earlier: &Journey) -> bool {
    later.key == earlier.key && earlier.order() < later.order() && later.entered_at <= earlier.due_at
}
