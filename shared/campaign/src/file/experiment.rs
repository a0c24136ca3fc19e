//! The experiments of a campaign file.

use super::steps::ArmFile;
use super::values::at;
use crate::experiment::{BucketRange, Experiment, Namespace};
use crate::file_error::FileError;
use serde::Deserialize;
use serde_saphyr::Spanned;

/// The part of a namespace that an experiment is confined to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamespaceFile {
    name: String,
    from: f64,
    to: f64,
}

/// What a file says of an experiment beside its name and arms.
pub(super) struct Design<'f> {
    pub seed: Option<&'f Spanned<String>>,
    pub coverage: Option<&'f Spanned<f64>>,
    pub namespace: Option<&'f Spanned<NamespaceFile>>,
}

impl Design<'_> {
    /// The experiment of that name, or what is wrong with it.
    pub(super) fn read(
        &self,
        name: &Spanned<String>,
        arms: &Spanned<Vec<ArmFile>>,
    ) -> Result<Experiment, FileError> {
        let key = name.value.trim();
        if key.is_empty() {
            return Err(at(name, "an experiment needs a name, by which its exposures are known"));
        }
        if arms.value.len() < 2 {
            return Err(at(arms, "an experiment compares two arms or more; the first is the control"));
        }
        let mut names: Vec<&str> = Vec::new();
        for arm in &arms.value {
            if let Some(share) = &arm.share {
                return Err(at(
                    share,
                    "an arm of an experiment has a `weight`; a `share` belongs to a split",
                ));
            }
            let Some(name) = &arm.name else {
                return Err(at(
                    arms,
                    "each arm of an experiment needs a `name`, by which its exposures are known",
                ));
            };
            if name.value.trim().is_empty() || names.contains(&name.value.trim()) {
                return Err(at(name, "each arm needs a name of its own"));
            }
            names.push(name.value.trim());
        }
        let weights = weights(arms)?;
        let coverage = match self.coverage {
            Some(coverage) if !(0.0..=1.0).contains(&coverage.value) => {
                return Err(at(coverage, "a coverage is a share of people from 0 to 1, like 0.5"));
            }
            coverage => coverage.map_or(1.0, |coverage| coverage.value),
        };
        let mut experiment = Experiment::new(key, names).weighted(coverage, weights.as_deref());
        if let Some(seed) = self.seed {
            experiment.seed.clone_from(&seed.value);
        }
        experiment.namespace = self.namespace.map(|namespace| namespace.value.read(namespace)).transpose()?;
        Ok(experiment)
    }
}

/// The weights, where the arms state them: all of them, and 1 together.
fn weights(arms: &Spanned<Vec<ArmFile>>) -> Result<Option<Vec<f64>>, FileError> {
    let stated: Vec<f64> =
        arms.value.iter().filter_map(|arm| arm.weight.as_ref()).map(|weight| weight.value).collect();
    if stated.is_empty() {
        return Ok(None);
    }
    let sum: f64 = stated.iter().sum();
    if stated.len() != arms.value.len() {
        return Err(at(arms, "give each arm a `weight`, or none for equal ones"));
    }
    if stated.iter().any(|weight| !(0.0..=1.0).contains(weight)) || (sum - 1.0).abs() > 1e-6 {
        return Err(at(arms, &format!("the weights of the arms come to {sum}; make it 1")));
    }
    Ok(Some(stated))
}

impl NamespaceFile {
    fn read(&self, place: &Spanned<NamespaceFile>) -> Result<Namespace, FileError> {
        let name = self.name.trim().to_owned();
        if name.is_empty() || !(0.0 <= self.from && self.from < self.to && self.to <= 1.0) {
            let message = "a namespace needs a `name`, and a part of it: `from` and `to`, between 0 and 1";
            return Err(at(place, message));
        }
        Ok(Namespace { name, range: BucketRange { from: self.from, to: self.to } })
    }
}
