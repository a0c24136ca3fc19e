//! An HTTP request, of whatever server carries it.

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
