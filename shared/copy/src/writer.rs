//! The port to a model that writes.

use crate::Prompt;

/// Writes by a prompt. Nothing of a person is in it.
#[allow(async_fn_in_trait)]
pub trait CopyWriter {
    /// One answer. What is certainly worth another try was tried again by then.
    async fn write(&self, prompt: &Prompt) -> Result<Written, CopyError>;
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub text: String,
    pub stop: Stop,
    pub tokens: Tokens,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// It was done.
    Done,
    /// It may not write more.
    MaxTokens,
    /// A filter of the model's provider stepped in.
    ContentFilter,
    /// The deployment's own guardrail stepped in.
    Guardrail,
    /// Another reason, in the provider's word for it.
    Other(String),
}

/// What a call is billed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
}

impl Tokens {
    pub(crate) fn add(&mut self, more: Tokens) {
        self.input += more.input;
        self.output += more.output;
    }

    /// What they cost, in dollars, at these prices for a million tokens of input and output.
    pub fn cost(self, (input, output): (f64, f64)) -> f64 {
        (self.input as f64 * input + self.output as f64 * output) / 1e6
    }
}

/// Why there is no copy, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    #[error(
        "the model takes no more requests at the moment ({code}): try again in a minute, or have its quota raised"
    )]
    Throttled { code: String },
    #[error(
        "the model did not answer in time: ask for fewer `--variants`, or try again; a call that timed out may be billed"
    )]
    TimedOut,
    #[error("the model can't be reached now ({reason}): try again in a minute")]
    Unavailable { reason: String },
    /// It will not work by repeating it.
    #[error("the model's provider refused the request: {reason}")]
    Refused { reason: String },
    #[error(
        "a filter of the model's provider stopped it: word the campaign's description or the notes otherwise, or name \
         another model"
    )]
    Filtered,
    #[error(
        "the guardrail stopped it: word the campaign's description or the notes otherwise, or mend the guardrail"
    )]
    Guarded,
    #[error(
        "the answer was cut off after {output} tokens: raise `max_tokens` under `copy` in settings.yaml, or ask for fewer \
         `--variants`"
    )]
    CutOff { output: u64 },
    #[error("the model stopped for `{reason}` without an answer: try again, or name another model")]
    Stopped { reason: String },
    #[error("the model answered nothing: try again, or name another model")]
    Empty,
    #[error("the answer can't be read ({reason}): try again, or name another model")]
    Unreadable { reason: String },
}

impl CopyError {
    /// Whether the same prompt may well get a better answer.
    pub(crate) fn is_luck(&self) -> bool {
        matches!(self, CopyError::Empty | CopyError::Unreadable { .. })
    }
}
