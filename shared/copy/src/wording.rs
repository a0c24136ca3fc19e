//! The words of one message.

/// A subject and a body, both templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// One line; empty where the channel has none.
    pub subject: String,
    /// HTML, or text alone.
    pub body: String,
}
