//! Taking the steps that are due.

use crate::action::{Action, ActionKind};
use crate::campaign::Campaign;
use crate::engine::Moment;
use crate::entry::{Reentry, Trigger};
use crate::journey::{By, Journey, Past, Seen};
use crate::journeys::InCampaign;
use crate::reentry::replaces;
use crate::scope::{ProfileView, Scope};
use crate::steps::{Step, Walker};
use crate::{Assignment, Experiment};
use event::Key;
use std::collections::VecDeque;
use xxhash_rust::xxh3::xxh3_128;

/// Whether the next step's time has come. A step without a wait has nothing to wait for, late events neither.
pub(crate) fn is_ripe(journey: &Journey, moment: Moment) -> bool {
    if journey.waiting {
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

/// Whose steps are taken, in which campaign, and when.
#[derive(Clone, Copy)]
pub(crate) struct Taker<'t, 'p> {
    pub campaign: &'t Campaign,
    pub person: Key,
    pub profile: &'t ProfileView<'p>,
    /// What is remembered of the person's events.
    pub seen: &'t [Seen],
    pub moment: Moment,
}

impl Taker<'_, '_> {
    /// Takes the due steps of all journeys, first to last by entry. Under [`Reentry::Ignore`] the first of a key
    /// goes on, and the others wait behind it; those that began before it ended go with it.
    pub(crate) fn take_due_steps(&self, state: &mut InCampaign, actions: &mut Vec<Action>) {
        let ignores = self.campaign.entry.reentry == Reentry::Ignore;
        let mut rest = VecDeque::from(std::mem::take(&mut state.active));
        let mut ended: Vec<(String, i64)> = Vec::new();
        while let Some(mut journey) = rest.pop_front() {
            if ignores {
                if ended.iter().any(|(key, at)| *key == journey.key && journey.entered_at <= *at) {
                    continue;
                }
                if state.active.iter().any(|other| other.key == journey.key) {
                    journey.waiting = true;
                    state.active.push(journey);
                    continue;
                }
                journey.waiting = false;
            }
            match self.take_steps(&mut journey, state, &rest, actions) {
                Then::GoesOn => state.active.push(journey),
                Then::Ended(at) if ignores => ended.push((journey.key, at)),
                Then::Ended(_) => {}
            }
        }
    }

    /// Takes the due steps of one journey. `later` are those that were entered after it.
    fn take_steps(
        &self,
        journey: &mut Journey,
        state: &mut InCampaign,
        later: &VecDeque<Journey>,
        actions: &mut Vec<Action>,
    ) -> Then {
        let campaign = self.campaign;
        while is_ripe(journey, self.moment) {
            let at = journey.due_at;
            match journey.by {
                By::Exit => return Then::Ended(at),
                By::Goal => {
                    state.reached.push((journey.clone(), at));
                    return Then::Ended(at);
                }
                By::Time | By::Event => {}
            }
            let scope = Scope::new(None, self.profile, &journey.key);
            if campaign.exit_when.as_ref().is_some_and(|exit| exit.holds(&scope)) {
                return Then::Ended(at);
            }
            if self.was_heard_of(journey) {
                return Then::Ended(at);
            }
            let here = journey.step as usize;
            let next = match campaign.steps.get(here) {
                Some(Step::Send { name, .. }) => {
                    if state.is_too_soon(journey, campaign) {
                        return Then::Ended(at);
                    }
                    if campaign.entry.again_after.is_some() {
                        state.pass(Past { entered_at: journey.entered_at, key: journey.key.clone() });
                    }
                    actions.push(self.action(journey, ActionKind::Send, name, at));
                    here + 1
                }
                Some(Step::If { when, otherwise }) => {
                    if when.holds(&scope) {
                        here + 1
                    } else {
                        *otherwise
                    }
                }
                Some(Step::Experiment(step)) => {
                    let (assignment, arm) = step.assign(self.person);
                    if assignment.takes_part {
                        actions.push(self.exposure(journey, &step.experiment, assignment, at));
                    }
                    arm
                }
                Some(Step::WaitForEvent(wait)) => {
                    if journey.by == By::Event {
                        here + 1
                    } else {
                        wait.timed_out
                    }
                }
                // Stored by an earlier release, or under a version that was changed without a new number: the wait
                // is over, and what stands next is taken.
                Some(_) => {
                    journey.step = campaign.stop_from(here) as u32;
                    continue;
                }
                None => return Then::Ended(at),
            };
            let walker = Walker { person: self.person, key: &journey.key, profile: self.profile };
            let Some(stop) = campaign.walk(next, at, walker) else { return Then::Ended(at) };
            (journey.step, journey.since) = (stop.step as u32, stop.since);
            (journey.due_at, journey.by) = (stop.due_at, By::Time);
            // What happened after the last step was due, and came before it was taken.
            if let Some(at) = state.catch_up(journey, campaign, self.seen) {
                if journey.by == By::Goal {
                    state.reached.push((journey.clone(), at));
                }
                return Then::Ended(at);
            }
            if campaign.entry.reentry == Reentry::Restart
                && let Some(other) = later.iter().find(|other| replaces(other, journey))
            {
                if !journey.listens(campaign) {
                    return Then::Ended(journey.due_at);
                }
                journey.hasten(other.entered_at, By::Exit);
            }
        }
        Then::GoesOn
    }

    /// Whether the silence that a journey was to begin with was broken after the person was selected for it, and before
    /// its time had come.
    fn was_heard_of(&self, journey: &Journey) -> bool {
        let Trigger::Inactive(silence) = &self.campaign.entry.trigger else { return false };
        let heard = self.profile.last_heard(&silence.events);
        heard.is_some_and(|heard| heard > journey.entered_at - silence.lasts && heard <= journey.entered_at)
    }

    /// What a journey wants done.
    pub(crate) fn action(&self, journey: &Journey, kind: ActionKind, step: &str, due_at: i64) -> Action {
        Action {
            id: self.action_id(journey, step),
            person: self.person,
            kind,
            campaign: self.campaign.name.clone(),
            version: self.campaign.version,
            priority: self.campaign.priority,
            step: step.to_owned(),
            key: journey.key.clone(),
            entered_at: journey.entered_at,
            due_at,
            lane: self.campaign.lane,
            kept: journey.kept.clone(),
        }
    }

    /// The report that a person came into an arm: the same one in each of their journeys, so that it counts once.
    fn exposure(
        &self,
        journey: &Journey,
        experiment: &Experiment,
        assignment: Assignment,
        due_at: i64,
    ) -> Action {
        let variation = experiment.arm(assignment).to_owned();
        let mut text = self.person.0.to_vec();
        for part in ["exposure", &experiment.key, &variation] {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        let kind = ActionKind::Exposure { experiment: experiment.key.clone(), variation };
        let id = Key(xxh3_128(&text).to_be_bytes());
        Action { id, ..self.action(journey, kind, &experiment.key, due_at) }
    }

    /// The same for the same step of the same journey, however often it is taken, and in whichever version.
    fn action_id(&self, journey: &Journey, step: &str) -> Key {
        let mut text = Vec::with_capacity(96);
        text.extend_from_slice(&self.person.0);
        text.extend_from_slice(&journey.entry.to_be_bytes());
        for part in [self.campaign.name.as_str(), &journey.key, step] {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        Key(xxh3_128(&text).to_be_bytes())
    }
}
