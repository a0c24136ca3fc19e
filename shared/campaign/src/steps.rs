//! Taking the steps that are due.

use crate::action::Action;
use crate::campaign::{Campaign, Reentry, Step};
use crate::engine::Moment;
use crate::journeys::{InCampaign, Journey, Mark};
use crate::reentry::replaces;
use event::Key;
use std::collections::VecDeque;
use xxhash_rust::xxh3::xxh3_128;

/// Whether the next step's time has come. A step without a wait has nothing to wait for, late events neither.
pub(crate) fn is_ripe(journey: &Journey, moment: Moment) -> bool {
    if journey.step == Journey::WAITING {
        return false;
    }
    let waited = journey.due_at > journey.entered_at;
    journey.due_at.saturating_add(if waited { moment.lateness } else { 0 }) <= moment.now
}

/// What becomes of a journey after its due steps.
enum Then {
    GoesOn,
    /// At this time, UTC ms.
    Ended(i64),
}

/// Takes the due steps of all journeys, first to last by entry. Under [`Reentry::Ignore`] the first of a key
/// goes on, and the others wait behind it; those that began before it ended go with it.
pub(crate) fn take_due_steps(
    state: &mut InCampaign,
    campaign: &Campaign,
    person: Key,
    moment: Moment,
    actions: &mut Vec<Action>,
) {
    let ignores = campaign.entry.reentry == Reentry::Ignore;
    let first_step = campaign.next_send(0).map_or(0, |(step, _)| step as u32);
    let mut rest = VecDeque::from(std::mem::take(&mut state.active));
    let mut ended: Vec<(String, i64)> = Vec::new();
    while let Some(mut journey) = rest.pop_front() {
        if ignores {
            if ended.iter().any(|(key, at)| *key == journey.key && journey.entered_at <= *at) {
                continue;
            }
            if state.active.iter().any(|other| other.key == journey.key) {
                journey.step = Journey::WAITING;
                state.active.push(journey);
                continue;
            }
            if journey.step == Journey::WAITING {
                journey.step = first_step;
            }
        }
        match take_steps(&mut journey, &state.marks, &rest, campaign, person, moment, actions) {
            Then::GoesOn => state.active.push(journey),
            Then::Ended(at) if ignores => ended.push((journey.key, at)),
            Then::Ended(_) => {}
        }
    }
}

/// Takes the due steps of one journey. `later` are those that were entered after it.
fn take_steps(
    journey: &mut Journey,
    marks: &[Mark],
    later: &VecDeque<Journey>,
    campaign: &Campaign,
    person: Key,
    moment: Moment,
    actions: &mut Vec<Action>,
) -> Then {
    while is_ripe(journey, moment) {
        // A newer version of the file may have fewer steps.
        let Some(Step::Send { name, .. }) = campaign.steps.get(journey.step as usize) else {
            return Then::Ended(journey.due_at);
        };
        actions.push(Action {
            id: action_id(person, campaign, journey, name),
            person,
            campaign: campaign.name.clone(),
            step: name.clone(),
            key: journey.key.clone(),
            entered_at: journey.entered_at,
            due_at: journey.due_at,
            lane: campaign.lane,
            kept: journey.kept.clone(),
        });
        let Some((step, wait)) = campaign.next_send(journey.step as usize + 1) else {
            return Then::Ended(journey.due_at);
        };
        journey.step = step as u32;
        journey.due_at = journey.due_at.saturating_add(wait);
        // What happened after the last step was due, and came before it was taken.
        if let Some(mark) = marks.iter().find(|mark| mark.cancels(journey)) {
            return Then::Ended(mark.at);
        }
        if campaign.entry.reentry == Reentry::Restart && later.iter().any(|other| replaces(other, journey)) {
            return Then::Ended(journey.due_at);
        }
    }
    Then::GoesOn
}

/// The same for the same step of the same journey, however often it is taken.
fn action_id(person: Key, campaign: &Campaign, journey: &Journey, step: &str) -> Key {
    let mut text = Vec::with_capacity(96);
    text.extend_from_slice(&person.0);
    text.extend_from_slice(&journey.entry.to_be_bytes());
    for part in [campaign.name.as_str(), &journey.key, step] {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    Key(xxh3_128(&text).to_be_bytes())
}
