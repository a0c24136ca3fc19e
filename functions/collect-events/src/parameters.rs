//! Parameters of an address or a form.

use std::borrow::Cow;

/// The names and values of `a=b&c=d`, decoded; what is no escape of UTF-8 becomes U+FFFD.
pub(crate) fn decoded(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name, true), decode(value, true))
    })
}

/// A text without its percent escapes; in a form a `+` is a space.
pub(crate) fn decode(text: &str, in_form: bool) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte == b'%' || (in_form && byte == b'+')) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|byte| (*byte as char).to_digit(16));
        match (bytes[at], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) if in_form => plain.push(b' '),
            (byte, ..) => plain.push(byte),
        }
        at += 1;
    }
    Cow::Owned(
        String::from_utf8(plain)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let pairs: Vec<_> =
            decoded("a=1+2&b=%E5%BC%A0&c&=x&d=%2&e=%zz%41").map(|(n, v)| format!("{n}:{v}")).collect();
        assert_eq!(pairs, ["a:1 2", "b:张", "c:", ":x", "d:%2", "e:%zzA"]);
        assert_eq!(decode("a+b%20c", false), "a+b c");
    }
}
