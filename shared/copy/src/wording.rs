//! The words of one message.

use crate::prompt::LEFT_OUT;

/// A subject and a body, both templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// One line; empty where the channel has none.
    pub subject: String,
    /// HTML, or text alone.
    pub body: String,
}

impl Wording {
    /// What is to be written in by hand before it can be approved, if anything is.
    pub fn is_unfinished(&self) -> Option<String> {
        let left_out = [&self.subject, &self.body].iter().any(|text| text.contains(LEFT_OUT));
        left_out.then(|| format!("write what belongs in the place of `{LEFT_OUT}` into the file by hand"))
    }
}
