//! A request and a response, of whatever server carries them.

use std::borrow::Cow;

/// An HTTP request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    /// The path without the query.
    pub path: &'a str,
    /// The query without its question mark; empty for none.
    pub query: &'a str,
    /// Names in any case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes as they were sent, compressed or not.
    pub body: &'a [u8],
    /// When it arrived, UTC ms.
    pub now: i64,
}

impl<'a> Request<'a> {
    /// The value of a header; its name in any case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The value of a query parameter, as it stands in the address.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(given, _)| *given == name)
            .map(|p| p.1)
    }
}

/// The response to a [`Request`].
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
