//! Settings from the environment.

use std::collections::BTreeMap;
use std::str::FromStr;

/// A variable of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    /// What it holds: "the name of the table of profiles".
    pub holds: &'static str,
}

/// The environment of a process, read once.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// One of two settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Either {
    First(String),
    Second(String),
}

/// A setting that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    #[error("the environment variable {} is not set; it holds {}", .0.name, .0.holds)]
    Missing(Variable),
    #[error("one of the environment variables {} ({}) and {} ({}) has to be set", .0.name, .0.holds, .1.name, .1.holds)]
    MissingBoth(Variable, Variable),
    #[error("the environment variables {} and {} are both set; set one of them", .0.name, .1.name)]
    Both(Variable, Variable),
    #[error("the environment variable {} is `{value}`; it holds {}", .variable.name, .variable.holds)]
    Wrong { variable: Variable, value: String },
}

impl Environment {
    /// The variables of this process. Those that are not UTF-8 are left out.
    pub fn of_process() -> Environment {
        let variables = std::env::vars_os();
        Environment::new(variables.filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))))
    }

    /// From names and values.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
        Environment(variables.into_iter().collect())
    }

    /// The value of a variable; an empty one counts as not set.
    pub fn optional(&self, variable: Variable) -> Option<String> {
        let value = self.0.get(variable.name).map(|value| value.trim());
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// The value of a variable that has to be set.
    pub fn required(&self, variable: Variable) -> Result<String, EnvironmentError> {
        self.optional(variable).ok_or(EnvironmentError::Missing(variable))
    }

    /// The value of a variable, read as what it stands for.
    pub fn parsed<T: FromStr>(&self, variable: Variable, default: T) -> Result<T, EnvironmentError> {
        match self.optional(variable) {
            None => Ok(default),
            Some(value) => value.parse().map_err(|_| EnvironmentError::Wrong { variable, value }),
        }
    }

    /// The one of two variables that is set.
    pub fn either(&self, first: Variable, second: Variable) -> Result<Either, EnvironmentError> {
        match (self.optional(first), self.optional(second)) {
            (Some(value), None) => Ok(Either::First(value)),
            (None, Some(value)) => Ok(Either::Second(value)),
            (None, None) => Err(EnvironmentError::MissingBoth(first, second)),
            (Some(_), Some(_)) => Err(EnvironmentError::Both(first, second)),
        }
    }
}
