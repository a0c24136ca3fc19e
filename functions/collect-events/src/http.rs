//! A response, for whatever server carries it.

use std::borrow::Cow;

/// The response to a [`Request`](crate::Request).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// JSON, a page or a picture; empty for an answer without content.
    pub body: Cow<'static, [u8]>,
    /// Why it failed, for the operator's log; never sent.
    pub cause: Option<String>,
    /// How many events are on the bus by it.
    pub accepted: usize,
    /// How many records it put into quarantine.
    pub refused: usize,
}

impl Response {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// The body as text; empty for a picture.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// Sets a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Response {
        self.headers.push((name, value.into()));
        self
    }
}
