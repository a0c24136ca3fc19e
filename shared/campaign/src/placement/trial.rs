//! Experiments of a placement: each visitor sees one arm, always the same.

use super::{Placement, Visitor};
use crate::Experiment;

/// An experiment, and what of a visitor it goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub experiment: Experiment,
    pub by: By,
}

/// What of a visitor decides their arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The person, as in campaigns: the same on every device once they are known, and perhaps another arm before.
    #[default]
    Person,
    /// The `userId` of the request; who has none stays outside.
    UserId,
    /// The `anonymousId` of the request: the same before and after somebody signs in, and as an SDK in the page has it.
    AnonymousId,
}

/// The arm that a visitor sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownArm<'p> {
    /// The experiment's key.
    pub experiment: &'p str,
    pub arm: &'p str,
    /// Its place; 0 is the control, which those outside see.
    pub index: usize,
    /// Whether they take part, so that it counts that they saw it.
    pub takes_part: bool,
}

impl Placement {
    /// The arm of each experiment that a visitor sees, in their order. Of whom nothing may be chosen sees the control.
    pub(super) fn arms<'p>(&'p self, visitor: &Visitor<'_>) -> Vec<ShownArm<'p>> {
        let arm = |trial: &'p Trial| {
            let person;
            let attribute = match trial.by {
                // An empty text is nobody's: it stays outside.
                _ if visitor.default_only.is_some() => "",
                By::UserId => visitor.user_id.unwrap_or_default(),
                By::AnonymousId => visitor.anonymous_id.unwrap_or_default(),
                By::Person => {
                    person = visitor.id.to_string();
                    &person
                }
            };
            let assignment = trial.experiment.assign(attribute);
            ShownArm {
                experiment: &trial.experiment.key,
                arm: trial.experiment.arm(assignment),
                index: assignment.arm,
                takes_part: assignment.takes_part,
            }
        };
        self.experiments.iter().map(arm).collect()
    }
}
