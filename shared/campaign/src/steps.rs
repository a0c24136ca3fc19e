//! The steps of a campaign: a file's nested steps in one list, where a step that leads elsewhere names its place.

use crate::calendar::{LocalTime, ProfileDate};
use crate::condition::Condition;
use crate::entry::Trigger;
use crate::scope::{ProfileView, Scope};
use crate::split::Split;
use crate::{Assignment, Campaign, Experiment, Message};
use event::Key;

/// One step.
#[derive(Debug)]
pub enum Step {
    /// Goes on a time span later, ms.
    Wait(i64),
    /// Goes on when the person's clock shows a time.
    WaitUntil(LocalTime),
    /// Goes on at a date of the person's profile; who has none leaves.
    WaitForDate(ProfileDate),
    WaitForEvent(WaitForEvent),
    /// Goes on where the condition holds, elsewhere at `otherwise`.
    If {
        when: Condition,
        otherwise: usize,
    },
    /// Goes on at the arm that the person falls into.
    Split(Split),
    /// Goes on at the arm of an experiment that the person is assigned to; the exposure is reported.
    Experiment(Box<ExperimentStep>),
    Goto(usize),
    Send {
        name: String,
        message: Box<Message>,
    },
    /// The journey ends.
    Exit,
}

/// Goes on when an event happens, or at `timed_out` if none did by then.
#[derive(Debug)]
pub struct WaitForEvent {
    /// Which of [`Campaign::awaited`].
    pub awaited: usize,
    /// ms.
    pub timeout: i64,
    pub timed_out: usize,
}

/// An experiment, and the step that each of its arms begins with.
#[derive(Debug)]
pub struct ExperimentStep {
    pub experiment: Experiment,
    pub arms: Vec<usize>,
}

impl ExperimentStep {
    /// The arm of a person, and the step at which they go on. People are told apart by the text of their key.
    pub fn assign(&self, person: Key) -> (Assignment, usize) {
        let assignment = self.experiment.assign(&person.to_string());
        (assignment, self.arms.get(assignment.arm).copied().unwrap_or(usize::MAX))
    }
}

impl Step {
    /// Whether a journey stands at it until its time has come, rather than passing through.
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self, Step::Send { .. } | Step::If { .. } | Step::Experiment(_) | Step::WaitForEvent(_))
    }
}

/// Where a journey comes to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    pub step: usize,
    /// When it was reached, UTC ms.
    pub since: i64,
    /// When it is to be taken, UTC ms.
    pub due_at: i64,
}

/// Whose journey it is.
#[derive(Clone, Copy)]
pub(crate) struct Walker<'w, 'p> {
    pub person: Key,
    pub key: &'w str,
    pub profile: &'w ProfileView<'p>,
}

impl Campaign {
    /// The message of a step.
    pub fn message(&self, step: &str) -> Option<&Message> {
        self.sends().find_map(|(name, message)| (name == step).then_some(message))
    }

    /// The steps that send, with their names.
    pub fn sends(&self) -> impl Iterator<Item = (&str, &Message)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Send { name, message } => Some((name.as_str(), message.as_ref())),
            _ => None,
        })
    }

    /// Whether taking its steps looks at the profile.
    pub fn looks_at_profile(&self) -> bool {
        self.exit_when.is_some()
            || matches!(self.entry.trigger, Trigger::Inactive(_))
            || self
                .steps
                .iter()
                .any(|step| matches!(step, Step::WaitUntil(_) | Step::WaitForDate(_) | Step::If { .. }))
    }

    /// Walks from a step that is reached at a time, through the waits, to the next one to stand at. `None` where
    /// the journey ends before.
    pub(crate) fn walk(&self, from: usize, at: i64, walker: Walker<'_, '_>) -> Option<Stop> {
        let (mut index, mut at) = (from, at);
        loop {
            match self.steps.get(index)? {
                Step::Wait(ms) => at = at.saturating_add(*ms),
                Step::WaitUntil(time) => at = time.next(&walker.profile.zone(), at),
                Step::WaitForDate(date) => {
                    let scope = Scope::new(None, walker.profile, walker.key);
                    at = at.max(date.moment(&scope, &walker.profile.zone())?);
                }
                Step::Split(split) => {
                    index = split.arm(walker.person, walker.key);
                    continue;
                }
                Step::Goto(to) => {
                    index = *to;
                    continue;
                }
                Step::Exit => return None,
                Step::WaitForEvent(wait) => {
                    let due_at = at.saturating_add(wait.timeout);
                    return Some(Stop { step: index, since: at, due_at });
                }
                Step::Send { .. } | Step::If { .. } | Step::Experiment(_) => {
                    return Some(Stop { step: index, since: at, due_at: at });
                }
            }
            index += 1;
        }
    }

    /// The first step from one on that a journey can stand at: journeys of an earlier release may name a wait.
    pub(crate) fn stop_from(&self, step: usize) -> usize {
        (step..self.steps.len()).find(|at| self.steps[*at].is_stop()).unwrap_or(self.steps.len())
    }
}
