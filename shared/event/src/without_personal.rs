//! Texts for whoever is to see nothing personal, not even a hash of it.

use crate::identifier::Pseudonymizer;
use crate::mask::Masker;
use crate::token::without_tokens;
use std::borrow::Cow;

/// The text with `instead` in the place of everything that reads like an e-mail address, a telephone number, a number of
/// a document or card, or a machine's address. `region` is the country in which national telephone numbers are read.
pub fn without_personal<'t>(text: &'t str, region: &str, instead: &str) -> Cow<'t, str> {
    // No token is kept, so that the key does not matter.
    let masker = Masker::new(Pseudonymizer::new(&[0; 32]), region);
    match masker.mask(Cow::Borrowed(text)) {
        Cow::Borrowed(text) => Cow::Borrowed(text),
        Cow::Owned(masked) => Cow::Owned(without_tokens(&masked, instead)),
    }
}

#[cfg(test)]
mod tests {
    use super::without_personal;

    #[test]
    fn nothing_of_it_is_left() {
        let text = "Write to ann@example.com or call +49 30 901820; order 4711 costs 20 €.";
        let read = without_personal(text, "DE", "[x]");
        assert_eq!(read, "Write to [x] or call [x]; order 4711 costs 20 €.");
        assert_eq!(without_personal("<p>茶 {{ kept.name }}</p>", "DE", "[x]"), "<p>茶 {{ kept.name }}</p>");
    }
}
