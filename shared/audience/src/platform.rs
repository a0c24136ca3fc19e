//! What each platform asks for.

use sha2::{Digest, Sha256};

/// An advertising platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Google Ads, Customer Match. Normalisation and columns by "Format your customer data file" of Google Ads Help
    /// (answer 7659867): no white space around, small letters; telephone numbers in E.164 with the plus; e-mail, telephone
    /// number and names hashed.
    Google,
    /// Meta, Custom Audiences from a customer list. By "Hashing and normalization for customer information" of the
    /// Marketing API: no white space around, small letters; telephone numbers as digits alone, with the country code and
    /// without zeros before it; names without punctuation; all of it hashed.
    Meta,
}

/// What is known of a person, in the form that the vault has it: an e-mail address in small letters, a telephone number in
/// E.164. Empty where nothing is. Holds personal data, so it can't be printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Contact {
    pub email: String,
    pub phone: String,
    pub first_name: String,
    pub last_name: String,
}

impl Platform {
    /// The platform of that name.
    pub fn parse(name: &str) -> Option<Platform> {
        [Platform::Google, Platform::Meta].into_iter().find(|platform| platform.as_str() == name)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Platform::Google => "google",
            Platform::Meta => "meta",
        }
    }

    /// The first line of a file.
    pub fn header(self) -> &'static str {
        match self {
            Platform::Google => "Email,Phone,First Name,Last Name",
            Platform::Meta => "email,phone,fn,ln",
        }
    }

    /// The line of a person: hashes in the order of the header, empty where there is nothing. `None` for a person who
    /// could not be matched, since neither e-mail address nor telephone number is known.
    pub fn line(self, contact: &Contact) -> Option<String> {
        let email = contact.email.trim().to_lowercase();
        let phone = self.phone(&contact.phone);
        if email.is_empty() && phone.is_empty() {
            return None;
        }
        let (first, last) = (self.name(&contact.first_name), self.name(&contact.last_name));
        let hashed = [email, phone, first, last].map(|value| hash(&value));
        Some(hashed.join(","))
    }

    fn phone(self, phone: &str) -> String {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_start_matches('0');
        match self {
            _ if digits.is_empty() => String::new(),
            Platform::Google => format!("+{digits}"),
            Platform::Meta => digits.to_owned(),
        }
    }

    fn name(self, name: &str) -> String {
        let name = name.trim().to_lowercase();
        match self {
            Platform::Google => name,
            Platform::Meta => name.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect(),
        }
    }
}

/// SHA-256 in small hexadecimal digits; nothing of nothing.
fn hash(value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    Sha256::digest(value.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
