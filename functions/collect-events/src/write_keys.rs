//! The keys under which sources may write.

use crate::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;

/// The accepted write keys, each with the name of the source it stands for. Holds only digests, and
/// compares them in time that does not depend on the key.
#[derive(Clone, Default)]
pub struct WriteKeys {
    keys: Vec<(String, [u8; 32])>,
}

impl WriteKeys {
    /// From pairs of source name and key. A key is of characters that an address takes as they are
    /// (letters, digits, `-`, `_`, `.`, `~`); an empty one is left out, since it would let anybody write.
    pub fn new(keys: impl IntoIterator<Item = (String, String)>) -> WriteKeys {
        let keys = keys.into_iter().filter(|(_, key)| !key.is_empty());
        WriteKeys { keys: keys.map(|(source, key)| (source, digest(&key))).collect() }
    }

    /// The same with more of them, of which only the SHA-256 digests are known.
    pub fn and_digests(mut self, digests: impl IntoIterator<Item = (String, [u8; 32])>) -> WriteKeys {
        self.keys.extend(digests);
        self
    }

    /// Whether nobody may write.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The name of the source that a key stands for.
    pub fn source(&self, key: &str) -> Option<&str> {
        let given = digest(key);
        let mut found = None;
        for (source, known) in &self.keys {
            let difference = given.iter().zip(known).fold(0, |difference, (a, b)| difference | (a ^ b));
            if std::hint::black_box(difference) == 0 {
                found = Some(source.as_str());
            }
        }
        found
    }
}

impl fmt::Debug for WriteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(source, _)| source)).finish()
    }
}

/// The key of a request's header or query: `Authorization: Basic base64(key:)`, `X-Write-Key`, or
/// `?writeKey=`.
pub(crate) fn key_outside_body<'a>(request: &Request<'a>) -> Option<Cow<'a, str>> {
    let basic = request.header("authorization").and_then(basic_user).map(Cow::Owned);
    let plain = || request.header("x-write-key").or_else(|| request.parameter("writeKey")).map(Cow::Borrowed);
    basic.or_else(plain).filter(|key| !key.is_empty())
}

/// The `writeKey` of a body; nothing where there is none, or no JSON object.
pub(crate) fn key_of_body(body: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Keyed<'a> {
        #[serde(borrow, rename = "writeKey")]
        write_key: Option<Cow<'a, str>>,
    }
    serde_json::from_slice::<Keyed>(body).ok()?.write_key
}

fn basic_user(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let mut decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    if let Some(end) = decoded.find(':') {
        decoded.truncate(end);
    }
    Some(decoded)
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_its_source() {
        let keys =
            WriteKeys::new([("web", "w-1"), ("app", "a-1"), ("none", "")].map(|(n, k)| (n.into(), k.into())));
        assert_eq!(keys.source("w-1"), Some("web"));
        assert_eq!(keys.source("a-1"), Some("app"));
        for wrong in ["", "w-", "w-11", "W-1"] {
            assert_eq!(keys.source(wrong), None, "{wrong}");
        }
        assert!(!format!("{keys:?}").contains("w-1"));
    }

    #[test]
    fn where_a_key_is_found() {
        let key = |headers: &[(&str, &str)], query| {
            let request = Request { method: "POST", path: "", query, headers, body: b"", now: 0 };
            key_outside_body(&request).map(Cow::into_owned)
        };
        // printf 'w-1:' | base64
        assert_eq!(key(&[("authorization", "Basic dy0xOg==")], "").as_deref(), Some("w-1"));
        assert_eq!(key(&[("AUTHORIZATION", "basic dy0x")], "").as_deref(), Some("w-1"));
        assert_eq!(key(&[("Authorization", "Bearer x"), ("X-Write-Key", "w-2")], "").as_deref(), Some("w-2"));
        assert_eq!(key(&[], "a=b&writeKey=w-3").as_deref(), Some("w-3"));
        assert_eq!(key(&[("Authorization", "Basic !")], "writeKey="), None);
        assert_eq!(key_of_body(br#"{"batch":[{"writeKey":"no"}],"writeKey":"w-4"}"#).as_deref(), Some("w-4"));
        assert_eq!(key_of_body(b"[1]"), None);
    }
}
