//! A text as it reads: escapes resolved, characters of full width narrow, those that can't be seen left out.

use std::borrow::Cow;

/// Whether a text may be written otherwise than it reads. Looks at many bytes at once.
#[inline]
pub(super) fn may_read_otherwise(text: &str) -> bool {
    memchr::memchr2(b'%', b'\\', text.as_bytes()).is_some() || !text.is_ascii() && has_wide(text)
}

/// The text as a person or a browser would read it. Borrows where it is written as it reads.
pub(super) fn reading(text: &str) -> Cow<'_, str> {
    let mut read = Cow::Borrowed(text);
    if has_escape(text.as_bytes()) {
        read = Cow::Owned(unescaped(&read));
    }
    // Addresses in addresses are escaped twice.
    for _ in 0..2 {
        if has_percent(read.as_bytes()) {
            read = Cow::Owned(percent_decoded(&read));
        }
    }
    if has_wide(&read) {
        read = Cow::Owned(read.chars().filter_map(narrow).collect());
    }
    read
}

fn has_escape(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', bytes).any(|at| bytes.get(at + 1) == Some(&b'u'))
}

fn has_percent(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'%', bytes).any(|at| percent(bytes, at).is_some())
}

/// These three bytes begin every character that is read as another one.
fn has_wide(text: &str) -> bool {
    let first = memchr::memchr3_iter(0xC2, 0xE2, 0xEF, text.as_bytes());
    first.filter_map(|at| text[at..].chars().next()).any(|c| narrow(c) != Some(c))
}

/// Resolves `\uXXXX`; other escapes, and halves of characters, stay as they are.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let digits = rest.as_bytes()[at..].strip_prefix(b"\\u").and_then(|digits| digits.first_chunk::<4>());
        let number = digits.and_then(|digits| {
            digits.iter().try_fold(0u32, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
        });
        out.push_str(&rest[..at]);
        match number.and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[at + 6..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn percent(bytes: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = bytes.get(at..at + 3)? else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(*high)? << 4 | digit(*low)?) as u8)
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = percent(bytes, at);
        out.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// The plain form of a character; nothing for one that has no width.
fn narrow(c: char) -> Option<char> {
    match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '＠' | '．' | '－' | '＋' | '＿' | '（' | '）' => {
            char::from_u32(u32::from(c) - 0xfee0)
        }
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => Some(' '),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => None,
        _ => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_it_reads() {
        for (written, read) in [
            ("plain", "plain"),
            (r"a\u0040b\n", r"a@b\n"),
            (r"\ud83d\ude00 \u53", r"\ud83d\ude00 \u53"),
            ("ann%40x.com%2B1 100%", "ann@x.com+1 100%"),
            ("ann%2540x.com", "ann@x.com"),
            ("%E7%94%B5%E8%AF%9D138", "电话138"),
            ("１３８－００１３", "138-0013"),
            ("138\u{200b}0013\u{feff}8000", "13800138000"),
            ("138\u{a0}0013\u{2013}8000", "138 0013-8000"),
        ] {
            assert_eq!(reading(written), read);
        }
        assert!(matches!(reading("电话：，13800138000。“！”"), Cow::Borrowed(_)));
    }
}
