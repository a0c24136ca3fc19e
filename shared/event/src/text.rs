//! Text as it is stored: trimmed and in Unicode normal form C.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Trims and NFC-normalises; borrows where nothing had to change. `composed` says that the text it is
/// borrowed from [is composed](is_composed).
#[inline]
pub(crate) fn clean(text: Cow<'_, str>, composed: bool) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) if composed => Cow::Borrowed(trim(text)),
        Cow::Borrowed(text) => normalise(trim(text)),
        Cow::Owned(text) => clean_owned(text),
    }
}

#[inline(never)]
fn clean_owned(text: String) -> Cow<'static, str> {
    match normalise(trim(&text)) {
        Cow::Borrowed(same) if same.len() == text.len() => Cow::Owned(text),
        changed => Cow::Owned(changed.into_owned()),
    }
}

/// NFC-normalises without trimming: for the raw text of a JSON object, where every structural byte is
/// ASCII and so stays what it is.
pub(crate) fn normalise(text: &str) -> Cow<'_, str> {
    if is_composed(text) || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// The first `max` bytes of `text`, cut at a character.
pub(crate) fn truncate(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// The same of a text that may be owned.
#[inline]
pub(crate) fn bounded(text: Cow<'_, str>, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return text;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(truncate(text, max)),
        Cow::Owned(text) => Cow::Owned(truncate(&text, max).to_owned()),
    }
}

/// As `str::trim`, for which most texts have nothing to do.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// Whether all of a text is of ranges in which every character is in normal form C on its own: below U+0300,
/// where the combining marks begin (first bytes below `CC`), and U+4000 to U+9FFF, most Chinese characters
/// (first bytes `E4` to `E9`). Looks at many bytes at once, so it doesn't stop at the first that is not.
pub(crate) fn is_composed(text: &str) -> bool {
    let other = |byte: u8| u8::from(byte >= 0xCC) & u8::from(byte.wrapping_sub(0xE4) > 5);
    text.bytes().fold(0, u8::max) < 0xCC || text.bytes().fold(0, |found, byte| found | other(byte)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composes_and_trims() {
        assert_eq!(clean("  Cafe\u{301} ".into(), false), "Caf\u{e9}");
        assert!(matches!(clean("plain".into(), true), Cow::Borrowed("plain")));
        assert_eq!(clean("\u{3000}\u{5f20}\u{4e09} ".into(), false), "\u{5f20}\u{4e09}");
        assert_eq!(truncate("Caf\u{e9}", 4), "Caf");
    }

    #[test]
    fn what_passes_for_composed_is_in_normal_form() {
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let text = c.to_string();
            assert!(!is_composed(&text) || is_nfc_quick(text.chars()) == IsNormalized::Yes, "{c:?}");
        }
    }
}
