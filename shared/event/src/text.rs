//! Text as it is stored: trimmed and in Unicode normal form C.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Trims and NFC-normalises; borrows where nothing had to change.
pub(crate) fn clean(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => clean_str(text),
        Cow::Owned(text) => match clean_str(&text) {
            Cow::Borrowed(same) if same.len() == text.len() => Cow::Owned(text),
            changed => Cow::Owned(changed.into_owned()),
        },
    }
}

/// NFC-normalises without trimming: for the raw text of a JSON object, where every structural byte is
/// ASCII and so stays what it is.
pub(crate) fn normalise(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// The first `max` bytes of `text`, cut at a character.
pub(crate) fn truncate(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

fn clean_str(text: &str) -> Cow<'_, str> {
    normalise(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composes_and_trims() {
        assert_eq!(clean("  Cafe\u{301} ".into()), "Caf\u{e9}");
        assert!(matches!(clean("plain".into()), Cow::Borrowed("plain")));
        assert_eq!(truncate("Caf\u{e9}", 4), "Caf");
    }
}
