//! E-mail addresses and phone numbers in the one form that is hashed.

use phonenumber::country::Id as Country;

/// A plausible e-mail address, trimmed and lower-cased; `None` where it can't be one.
pub fn normalise_email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let shaped = !local.is_empty()
        && text.len() <= 254
        && !text
            .contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | '"'))
        && !local.contains('@')
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty());
    shaped.then(|| text.to_lowercase())
}

/// A valid phone number in E.164 (`+8613800138000`); a national number is read as one of `region`
/// (ISO 3166, two letters). `None` where no such number can exist.
pub fn normalise_phone(text: &str, region: &str) -> Option<String> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if !(5..=17).contains(&digits) || text.bytes().any(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let country = region.parse::<Country>().ok();
    let number = phonenumber::parse(country, text.trim()).ok()?;
    phonenumber::is_valid(&number).then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

/// Whether an id is really an e-mail address or an international phone number, and so must not stay
/// readable.
pub(crate) fn is_contact(id: &str, region: &str) -> bool {
    if id.contains('@') {
        return normalise_email(id).is_some();
    }
    let phone_shaped = id.starts_with('+') || (id.len() >= 10 && id.bytes().all(|b| b.is_ascii_digit()));
    phone_shaped && normalise_phone(id, region).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        assert_eq!(normalise_email(" Ann.Lee@Example.COM "), Some("ann.lee@example.com".into()));
        for bad in ["ann", "@x.com", "a b@x.com", "a@x", "a@.com", "a@@x.com"] {
            assert_eq!(normalise_email(bad), None, "{bad}");
        }
    }

    #[test]
    fn phones() {
        assert_eq!(normalise_phone("138 0013 8000", "CN").as_deref(), Some("+8613800138000"));
        assert_eq!(normalise_phone("+1 (415) 555-2671", "CN").as_deref(), Some("+14155552671"));
        assert_eq!(normalise_phone("12345", "CN"), None);
        assert_eq!(normalise_phone("order 12345678", "CN"), None);
        assert!(is_contact("ann@example.com", "US"));
        assert!(is_contact("13800138000", "CN"));
        assert!(!is_contact("user-42", "CN"));
    }
}
