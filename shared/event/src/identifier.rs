//! Identifiers and their keyed hashes.

use crate::keyed::Keyed;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::ops::Deref;

/// What kind of thing identifies a person, strongest first: the order in which one is preferred as the
/// person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum IdentifierKind {
    /// The deployment's own id of a known person; at most one a person.
    User = 1,
    /// Union id of a mini-program platform.
    UnionId = 2,
    /// Open id of one mini-program.
    OpenId = 3,
    /// Member card number.
    MemberCard = 4,
    Email = 5,
    Phone = 6,
    /// Any other external id.
    External = 7,
    Device = 8,
    Anonymous = 9,
    /// The number of an order: it says whose an event is that names nobody, and joins nobody.
    Order = 10,
}

impl IdentifierKind {
    /// How many kinds there are.
    pub const COUNT: usize = 10;

    const ALL: [IdentifierKind; IdentifierKind::COUNT] = [
        IdentifierKind::User,
        IdentifierKind::UnionId,
        IdentifierKind::OpenId,
        IdentifierKind::MemberCard,
        IdentifierKind::Email,
        IdentifierKind::Phone,
        IdentifierKind::External,
        IdentifierKind::Device,
        IdentifierKind::Anonymous,
        IdentifierKind::Order,
    ];

    /// Its place among the kinds, from 0, strongest first.
    #[inline]
    pub fn index(self) -> usize {
        self as usize - 1
    }

    /// Whether it stands for a person rather than for a device or a browser.
    pub fn is_personal(self) -> bool {
        self <= IdentifierKind::Phone
    }

    /// The kind as it is written in files and output.
    pub fn as_str(self) -> &'static str {
        match self {
            IdentifierKind::User => "user_id",
            IdentifierKind::UnionId => "union_id",
            IdentifierKind::OpenId => "open_id",
            IdentifierKind::MemberCard => "member_card",
            IdentifierKind::Email => "email",
            IdentifierKind::Phone => "phone",
            IdentifierKind::External => "external_id",
            IdentifierKind::Device => "device_id",
            IdentifierKind::Anonymous => "anonymous_id",
            IdentifierKind::Order => "order_id",
        }
    }

    /// All kinds, strongest first.
    pub fn all() -> impl Iterator<Item = IdentifierKind> {
        Self::ALL.into_iter()
    }

    /// The kind with that name, as tools spell it (`anonymousId`, `anonymous_id`, `openid`, …).
    pub fn parse(name: &str) -> Option<IdentifierKind> {
        let plain: String =
            name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
        Some(match plain.as_str() {
            "userid" | "user" => IdentifierKind::User,
            "unionid" => IdentifierKind::UnionId,
            "openid" => IdentifierKind::OpenId,
            "membercard" | "member" | "memberid" => IdentifierKind::MemberCard,
            "email" => IdentifierKind::Email,
            "phone" => IdentifierKind::Phone,
            "externalid" | "external" => IdentifierKind::External,
            "deviceid" | "device" | "advertisingid" => IdentifierKind::Device,
            "anonymousid" | "anonymous" => IdentifierKind::Anonymous,
            "orderid" => IdentifierKind::Order,
            _ => return None,
        })
    }

    pub(crate) fn from_code(code: u8) -> Option<IdentifierKind> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

/// A keyed hash: HMAC-SHA-256 under the deployment's key, its first 128 bits (RFC 2104 §5 allows
/// truncation to half). Names an identifier, and a person by the strongest of their identifiers.
#[derive(Clone, Copy, Default)]
pub struct Key(pub [u8; 16]);

// Keys are compared and hashed for every event: as one number, which is quicker than byte by byte and gives the
// same order. They are uniformly distributed, so that half of one is hash enough.
impl PartialEq for Key {
    #[inline]
    fn eq(&self, other: &Key) -> bool {
        self.number() == other.number()
    }
}

impl Eq for Key {}

impl Ord for Key {
    #[inline]
    fn cmp(&self, other: &Key) -> std::cmp::Ordering {
        self.number().cmp(&other.number())
    }
}

impl PartialOrd for Key {
    #[inline]
    fn partial_cmp(&self, other: &Key) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl std::hash::Hash for Key {
    #[inline]
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.number() as u64);
    }
}

impl Key {
    /// The key as a big-endian number.
    #[inline]
    pub fn number(&self) -> u128 {
        u128::from_be_bytes(self.0)
    }

    /// The key written as 32 hexadecimal digits.
    pub fn parse(hex: &str) -> Option<Key> {
        if hex.len() != 32 || !hex.is_ascii() {
            return None;
        }
        u128::from_str_radix(hex, 16).ok().map(|n| Key(n.to_be_bytes()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One identifier of an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identifier {
    pub kind: IdentifierKind,
    pub key: Key,
}

/// The identifiers of one event, strongest first, at most [`Identifiers::MAX`].
#[derive(Clone, Copy)]
pub struct Identifiers {
    len: u8,
    items: [Identifier; Identifiers::MAX],
}

impl Identifiers {
    /// How many identifiers one event may carry; the weakest beyond are dropped.
    pub const MAX: usize = 8;

    /// Adds one in its place; a repeated one changes nothing.
    pub fn insert(&mut self, identifier: Identifier) {
        let len = usize::from(self.len);
        let Err(at) = self.items[..len].binary_search(&identifier) else { return };
        if at == Self::MAX {
            return;
        }
        let end = len.min(Self::MAX - 1);
        self.items.copy_within(at..end, at + 1);
        self.items[at] = identifier;
        self.len = (end + 1) as u8;
    }
}

impl Default for Identifiers {
    fn default() -> Self {
        let blank = Identifier { kind: IdentifierKind::Anonymous, key: Key([0; 16]) };
        Identifiers { len: 0, items: [blank; Identifiers::MAX] }
    }
}

impl Deref for Identifiers {
    type Target = [Identifier];

    #[inline]
    fn deref(&self) -> &[Identifier] {
        &self.items[..usize::from(self.len)]
    }
}

impl PartialEq for Identifiers {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Identifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Makes keyed hashes. Without its key a hash can't be linked to what it stands for, nor guessed by
/// trying every phone number.
#[derive(Clone)]
pub struct Pseudonymizer {
    keyed: Hmac<Sha256>,
    short: Keyed,
}

impl Pseudonymizer {
    /// `key` is the deployment's secret: 32 random bytes, kept for as long as its data.
    pub fn new(key: &[u8]) -> Self {
        let keyed = Hmac::new_from_slice(key).expect("HMAC takes a key of any length");
        Pseudonymizer { keyed, short: Keyed::new(key) }
    }

    /// The hash of a cleaned value of a kind. The kind is part of it, so that a user id equal to some
    /// anonymous id is another identifier.
    pub fn identifier(&self, kind: IdentifierKind, value: &str) -> Identifier {
        Identifier { kind, key: self.key(kind.as_str(), value) }
    }

    /// The whole HMAC of a message in a named scope: a signature that whoever has the key can check.
    pub fn sign(&self, scope: &str, message: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        mac.update(scope.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// The hash of a value in a named scope other than an identifier's.
    pub fn key(&self, scope: &str, value: &str) -> Key {
        if let Some(code) = self.short.code([scope.as_bytes(), &[0], value.as_bytes()]) {
            return Key(code);
        }
        let mut mac = self.keyed.clone();
        mac.update(scope.as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        Key(key)
    }
}

impl fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonymizer(…)")
    }
}

/// Whether a value can't identify anybody: empty, a placeholder that software writes for "none", or one
/// digit over and over (`0`, `-1`, `00000000-0000-0000-0000-000000000000`).
pub fn is_junk(value: &str) -> bool {
    const WORDS: [&str; 14] = [
        "null",
        "undefined",
        "none",
        "nil",
        "nan",
        "n/a",
        "na",
        "anonymous",
        "unknown",
        "guest",
        "true",
        "false",
        "-1",
        "[object object]",
    ];
    if value.len() <= 15 && WORDS.iter().any(|word| value.eq_ignore_ascii_case(word)) {
        return true;
    }
    let mut alphanumerics = value.chars().filter(|c| c.is_alphanumeric());
    match alphanumerics.next() {
        None => true,
        Some(first) => first.is_ascii_digit() && alphanumerics.all(|c| c == first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_is_what_identifies_nobody() {
        for junk in [
            "",
            "null",
            "undefined",
            "0",
            "-1",
            "Anonymous",
            "unknown",
            "1111111",
            "7",
            "00000000-0000-0000-0000-000000000000",
            "--",
            "[object Object]",
        ] {
            assert!(is_junk(junk), "{junk}");
        }
        for fine in ["10", "user-0", "a", "00000000-0000-0000-0000-000000000001", "Nullen", "张三"] {
            assert!(!is_junk(fine), "{fine}");
        }
    }

    #[test]
    fn hash_is_hmac_sha_256() {
        // printf 'user_id\0u1' | openssl dgst -sha256 -hmac secret
        let id = Pseudonymizer::new(b"secret").identifier(IdentifierKind::User, "u1");
        assert_eq!(id.key.to_string(), KNOWN);
        assert_eq!(Key::parse(KNOWN), Some(id.key));
    }

    const KNOWN: &str = "c756e3dd036186929eb2ae3d013cd2e3";

    #[test]
    fn identifiers_stay_sorted_and_bounded() {
        let hasher = Pseudonymizer::new(b"k");
        let mut ids = Identifiers::default();
        for i in 0..9 {
            ids.insert(hasher.identifier(IdentifierKind::External, &format!("x{i}")));
        }
        ids.insert(hasher.identifier(IdentifierKind::User, "u"));
        ids.insert(hasher.identifier(IdentifierKind::User, "u"));
        assert_eq!(ids.len(), Identifiers::MAX);
        assert_eq!(ids[0].kind, IdentifierKind::User);
        assert!(ids.is_sorted());
    }
}
