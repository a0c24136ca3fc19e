//! The keys under which pages may ask.

use crate::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The write keys of the deployment's sources, which pages hold anyway: who may send may ask. Holds only digests, and
/// compares them in time that does not depend on the key.
#[derive(Clone, Default)]
pub struct ReadKeys(Vec<(String, [u8; 32])>);

impl ReadKeys {
    /// From the SHA-256 digests of the keys, one or several a source.
    pub fn of_digests<D: AsRef<[[u8; 32]]>>(digests: impl IntoIterator<Item = (String, D)>) -> ReadKeys {
        let mut keys = ReadKeys::default();
        for (source, digests) in digests {
            keys.0.extend(digests.as_ref().iter().map(|digest| (source.clone(), *digest)));
        }
        keys
    }

    /// The same with another key. An empty one is left out, since it would let anybody ask.
    pub fn and(mut self, source: &str, key: &str) -> ReadKeys {
        if !key.is_empty() {
            self.0.push((source.to_owned(), Sha256::digest(key.as_bytes()).into()));
        }
        self
    }

    /// The source of the first key that a request gives: `Authorization: Basic base64(key:)` or `Bearer key`,
    /// `X-Write-Key`, `?writeKey=`, or one of its body.
    pub(crate) fn source(&self, request: &Request<'_>, of_body: Option<&str>) -> Option<&str> {
        let authorization = request.header("authorization").and_then(|text| text.split_once(' '));
        let authorization = authorization.and_then(|(scheme, token)| {
            if scheme.eq_ignore_ascii_case("bearer") {
                return Some(token.trim().to_owned());
            }
            let decoded = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
            decoded.split(':').find(|part| !part.is_empty()).map(str::to_owned)
        });
        let given = [
            authorization.as_deref(),
            request.header("x-write-key"),
            request.parameter("writeKey"),
            request.parameter("write_key"),
            of_body,
        ];
        given.into_iter().flatten().find_map(|key| self.source_of(key))
    }

    fn source_of(&self, key: &str) -> Option<&str> {
        let given: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let mut found = None;
        for (source, known) in &self.0 {
            let difference = given.iter().zip(known).fold(0, |difference, (a, b)| difference | (a ^ b));
            if std::hint::black_box(difference) == 0 {
                found = Some(source.as_str());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_wherever_clients_put_it() {
        let keys = ReadKeys::default().and("web", "w-1").and("none", "");
        let source = |headers: &[(&str, &str)], query, body| {
            let request = Request { method: "POST", path: "", query, headers, body: b"", now: 0 };
            keys.source(&request, body).map(str::to_owned)
        };
        let web = Some("web".to_owned());
        // printf 'w-1:' | base64
        assert_eq!(source(&[("authorization", "Basic dy0xOg==")], "", None), web);
        assert_eq!(source(&[("Authorization", "Bearer w-1")], "", None), web);
        assert_eq!(source(&[("X-Write-Key", "w-1")], "", None), web);
        assert_eq!(source(&[], "a=1&writeKey=w-1", None), web);
        assert_eq!(source(&[("X-Write-Key", "x")], "", Some("w-1")), web);
        assert_eq!(source(&[("Authorization", "Basic !")], "writeKey=", Some("")), None);
        assert_eq!(source(&[], "", None), None);
    }
}
