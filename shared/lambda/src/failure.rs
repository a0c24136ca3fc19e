//! Why a function could not do its work.

use std::error::Error;
use std::fmt;

/// The error of an invocation, or of a function's start: any error, with its type's name and everything that led
/// to it. Made by `?`. No error of a port, a setting or an invocation holds personal data, nor may any other
/// that becomes one.
pub struct Failure {
    kind: &'static str,
    message: String,
}

impl Failure {
    /// The name of the error's type, without its module.
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        let name = std::any::type_name::<E>();
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        Failure { kind: name.rsplit("::").next().unwrap_or(name), message }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// As it is displayed: this is what a `main` prints that returns one.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
