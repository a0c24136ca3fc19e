//! Where a request carries its write key: clients differ.

use crate::{Request, WriteKeys};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Parameters of an address that may hold a key.
const PARAMETERS: [&str; 8] =
    ["writeKey", "write_key", "api_key", "apiKey", "api_secret", "token", "key", "p"];

/// What the head of a request says of its key.
pub(crate) enum Given<'k> {
    /// A known one.
    Source(&'k str),
    /// One that nobody has.
    Wrong,
    /// None; it may stand in the body.
    None,
}

/// The source of the request's header or address: `Authorization: Basic base64(key:)` or `Bearer key` or the key
/// alone, `X-Write-Key`, `?writeKey=` and what other tools call it. Of `key:secret` the key counts.
pub(crate) fn of_head<'k>(keys: &'k WriteKeys, request: &Request<'_>) -> Given<'k> {
    let mut wrong = false;
    if let Some(authorization) = request.header("authorization").filter(|text| !text.is_empty()) {
        match authorization.split_once(' ') {
            Some((scheme, credentials)) if scheme.eq_ignore_ascii_case("basic") => {
                if let Some(key) = basic_user(credentials) {
                    match source(keys, &key) {
                        Some(source) => return Given::Source(source),
                        None => wrong = true,
                    }
                }
            }
            // A token for somebody else may stand here: it says nothing against a key elsewhere.
            Some((_, token)) => {
                if let Some(source) = source(keys, token.trim()) {
                    return Given::Source(source);
                }
            }
            None => {
                if let Some(source) = source(keys, authorization) {
                    return Given::Source(source);
                }
            }
        }
    }
    let header = request.header("x-write-key").into_iter();
    let query = PARAMETERS.iter().filter_map(|name| request.parameter(name));
    for key in header.chain(query).filter(|key| !key.is_empty()) {
        match source(keys, key) {
            Some(source) => return Given::Source(source),
            None => wrong = true,
        }
    }
    if wrong { Given::Wrong } else { Given::None }
}

/// The source of the key in a body: of an object, else of the first of its records.
pub(crate) fn of_body<'k>(keys: &'k WriteKeys, body: &[u8]) -> Option<&'k str> {
    let text = std::str::from_utf8(body).ok()?;
    if text.trim_start().starts_with('[') {
        return of_record(keys, first_of(text)?);
    }
    #[derive(Deserialize)]
    struct Batch<'a> {
        #[serde(borrow)]
        batch: Option<&'a RawValue>,
    }
    of_record(keys, text).or_else(|| {
        let batch = serde_json::from_str::<Batch>(text).ok()?.batch?;
        of_record(keys, first_of(batch.get())?)
    })
}

fn of_record<'k>(keys: &'k WriteKeys, record: &str) -> Option<&'k str> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Keyed<'a> {
        #[serde(borrow, rename = "writeKey")]
        write_key: Option<Cow<'a, str>>,
        #[serde(borrow, rename = "write_key")]
        plain_write_key: Option<Cow<'a, str>>,
        #[serde(borrow)]
        api_key: Option<Cow<'a, str>>,
        #[serde(borrow, rename = "apiKey")]
        camel_api_key: Option<Cow<'a, str>>,
        #[serde(borrow)]
        token: Option<Cow<'a, str>>,
        #[serde(borrow, rename = "$token")]
        dollar_token: Option<Cow<'a, str>>,
        #[serde(borrow)]
        properties: Option<&'a RawValue>,
    }
    let keyed: Keyed = serde_json::from_str(record).ok()?;
    let given = [
        keyed.write_key,
        keyed.plain_write_key,
        keyed.api_key,
        keyed.camel_api_key,
        keyed.token,
        keyed.dollar_token,
    ];
    let own = given.into_iter().flatten().find_map(|key| source(keys, &key));
    // PostHog's browser client has it among the properties.
    own.or_else(|| of_record(keys, keyed.properties.filter(|fields| fields.get().contains("token"))?.get()))
}

/// The first value of an array's text.
fn first_of(array: &str) -> Option<&str> {
    let inner = array.trim_start().strip_prefix('[')?;
    let mut values = serde_json::Deserializer::from_str(inner).into_iter::<&RawValue>();
    Some(values.next()?.ok()?.get())
}

/// The source of a key, or of what stands before its secret.
fn source<'k>(keys: &'k WriteKeys, key: &str) -> Option<&'k str> {
    keys.source(key).or_else(|| keys.source(key.split_once(':')?.0))
}

/// The user of `base64(user:password)`, or the password where there is no user.
fn basic_user(credentials: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let key = match decoded.split_once(':') {
        Some(("", password)) => password,
        Some((user, _)) => user,
        None => &decoded,
    };
    (!key.is_empty()).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> WriteKeys {
        WriteKeys::new((1..=4).map(|n| (n.to_string(), format!("w-{n}"))))
    }

    #[test]
    fn in_the_head() {
        let keys = keys();
        let given = |headers: &[(&str, &str)], query| {
            let request = Request { method: "POST", path: "", query, headers, body: b"", now: 0 };
            match of_head(&keys, &request) {
                Given::Source(source) => source.to_owned(),
                Given::Wrong => "wrong".to_owned(),
                Given::None => "none".to_owned(),
            }
        };
        // printf 'w-1:' | base64
        assert_eq!(given(&[("authorization", "Basic dy0xOg==")], ""), "1");
        assert_eq!(given(&[("AUTHORIZATION", "basic dy0x")], ""), "1");
        // printf ':w-1' | base64
        assert_eq!(given(&[("AUTHORIZATION", "basic OnctMQ==")], ""), "1");
        assert_eq!(given(&[("Authorization", "Bearer w-1:secret")], ""), "1");
        assert_eq!(given(&[("Authorization", "w-1")], ""), "1");
        assert_eq!(given(&[("Authorization", "Bearer x"), ("X-Write-Key", "w-2")], ""), "2");
        assert_eq!(given(&[("X-Write-Key", "w-2:secret")], ""), "2");
        assert_eq!(given(&[], "a=b&writeKey=w-3"), "3");
        assert_eq!(given(&[], "measurement_id=G-1&api_secret=w-4"), "4");
        assert_eq!(given(&[("Authorization", "Basic !")], "writeKey="), "none");
        assert_eq!(given(&[("Authorization", "Bearer x")], ""), "none");
        assert_eq!(given(&[("X-Write-Key", "x")], ""), "wrong");
        assert_eq!(given(&[("Authorization", "Basic eDo=")], ""), "wrong");
    }

    #[test]
    fn in_the_body() {
        let keys = keys();
        for (body, source) in [
            (r#"{"batch":[{"writeKey":"no"}],"writeKey":"w-4"}"#, Some("4")),
            (r#"{"batch":[{"writeKey":"w-3"},{}]}"#, Some("3")),
            (r#"{"api_key":"w-2","batch":[]}"#, Some("2")),
            (r#" [{"event":"E","properties":{"token":"w-1"}}]"#, Some("1")),
            (r#"{"event":"E","properties":{"token":"w-1"}}"#, Some("1")),
            (r#"{"event":"E","properties":{"token":{"token":"w-1"}}}"#, None),
            (r#"{"writeKey":null}"#, None),
            ("[1]", None),
            ("[", None),
            ("", None),
        ] {
            assert_eq!(of_body(&keys, body.as_bytes()), source, "{body}");
        }
    }
}
