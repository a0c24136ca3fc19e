//! Tokens: what stands in texts in the place of personal data, `hmac:` and the 32 digits of a keyed hash.

use crate::identifier::Key;
use memchr::memmem;
use std::ops::Range;

const MARK: &[u8] = b"hmac:";
const DIGITS: usize = 32;

/// The keys of the tokens in a text.
pub fn tokens_in(text: &[u8]) -> impl Iterator<Item = Key> {
    places(text).map(|(key, _)| key)
}

/// Empties the tokens of these keys: their digits become zeros, so that nothing else of the text moves. Returns
/// how many there were.
pub fn empty_tokens(text: &mut [u8], is_wanted: impl Fn(Key) -> bool) -> usize {
    let found: Vec<Range<usize>> =
        places(text).filter(|(key, _)| is_wanted(*key)).map(|(_, at)| at).collect();
    for at in &found {
        text[at.clone()].fill(b'0');
    }
    found.len()
}

/// The text with `instead` in the place of each token.
pub(crate) fn without_tokens(text: &str, instead: &str) -> String {
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for (_, digits) in places(text.as_bytes()) {
        out.push_str(&text[done..digits.start - MARK.len()]);
        out.push_str(instead);
        done = digits.end;
    }
    out.push_str(&text[done..]);
    out
}

fn places(text: &[u8]) -> impl Iterator<Item = (Key, Range<usize>)> {
    memmem::find_iter(text, MARK).filter_map(|at| {
        let at = at + MARK.len()..at + MARK.len() + DIGITS;
        let digits = std::str::from_utf8(text.get(at.clone())?).ok()?;
        Some((Key::parse(digits)?, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_emptied_in_place() {
        let (ann, bob) = (Key([0xab; 16]), Key([0x12; 16]));
        let mut text = format!("hmac:short from hmac:{ann} to \"hmac:{bob}\", hmac:{ann}hmac:").into_bytes();
        assert_eq!(tokens_in(&text).collect::<Vec<_>>(), [ann, bob, ann]);
        assert_eq!(empty_tokens(&mut text, |key| key == ann), 2);
        let zeros = "0".repeat(32);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            format!("hmac:short from hmac:{zeros} to \"hmac:{bob}\", hmac:{zeros}hmac:")
        );
    }
}
