//! Values that identify nobody, however well they are formed.

use crate::contact::{normalise_email, normalise_phone};
use crate::identifier::IdentifierKind;
use crate::text::{clean, is_composed, truncate};
use std::collections::HashSet;
use std::sync::Arc;

/// Values that a deployment does not take as identifiers, by kind, beside what [is junk](crate::is_junk) anyway: the
/// address of its own shop, the number of its hotline, a test account. An identifier that is blocked is taken as not
/// given. Cloning it shares it; with nothing blocked a look costs a branch.
#[derive(Debug, Clone, Default)]
pub struct BlockedIdentifiers {
    by_kind: Option<Arc<[HashSet<Box<str>>; IdentifierKind::COUNT]>>,
}

/// What stands before the `@` of addresses that no person reads, without what joins its words.
const NOBODYS_MAILBOXES: [&str; 7] =
    ["noreply", "noreplies", "donotreply", "dontreply", "mailerdaemon", "postmaster", "bounce"];

/// Addresses that are typed into forms in place of one's own.
const PLACEHOLDERS: [&str; 4] = ["test@test.com", "email@email.com", "none@none.com", "a@a.com"];

impl BlockedIdentifiers {
    /// `values` [as the parser cleans them](BlockedIdentifiers::cleaned).
    pub fn new(values: impl IntoIterator<Item = (IdentifierKind, String)>) -> BlockedIdentifiers {
        let mut by_kind: [HashSet<Box<str>>; IdentifierKind::COUNT] = Default::default();
        for (kind, value) in values {
            by_kind[kind.index()].insert(value.into_boxed_str());
        }
        let any = by_kind.iter().any(|values| !values.is_empty());
        BlockedIdentifiers { by_kind: any.then(|| Arc::new(by_kind)) }
    }

    /// A value of a kind as the parser compares it: trimmed, in normal form C; an address in small letters, a number
    /// in E.164, a national one read as one of `region` (ISO 3166). `None` where it can't be one of its kind.
    pub fn cleaned(kind: IdentifierKind, value: &str, region: &str) -> Option<String> {
        match kind {
            IdentifierKind::Email => normalise_email(value),
            IdentifierKind::Phone => normalise_phone(value, region),
            _ => {
                let value = clean(value.into(), is_composed(value));
                (!value.is_empty()).then(|| truncate(&value, 256).to_owned())
            }
        }
    }

    /// Whether a cleaned value of a kind identifies nobody here.
    #[inline]
    pub fn blocks(&self, kind: IdentifierKind, value: &str) -> bool {
        (kind == IdentifierKind::Email && is_nobodys(value))
            || self.by_kind.as_ref().is_some_and(|by_kind| by_kind[kind.index()].contains(value))
    }

    /// Whether a user id is an address that identifies nobody here.
    #[inline]
    pub(crate) fn blocks_address(&self, user_id: &str) -> bool {
        user_id.contains('@')
            && normalise_email(user_id).is_some_and(|address| self.blocks(IdentifierKind::Email, &address))
    }
}

/// Whether nobody is reached by an address, in any deployment.
fn is_nobodys(address: &str) -> bool {
    if PLACEHOLDERS.contains(&address) {
        return true;
    }
    // `no-reply+order-17@…` is one too.
    let mailbox = address.split(['@', '+']).next().unwrap_or_default();
    let plain = || mailbox.bytes().filter(|byte| !matches!(byte, b'-' | b'_' | b'.'));
    NOBODYS_MAILBOXES.iter().any(|name| plain().eq(name.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierKind::{Email, Phone, User};

    #[test]
    fn addresses_of_nobody_are_blocked_by_nature() {
        let blocked = BlockedIdentifiers::default();
        for address in ["noreply@shop.example", "no-reply@x.de", "do_not.reply+17@x.de", "postmaster@x.de"] {
            assert!(blocked.blocks(Email, address), "{address}");
        }
        for address in ["ann@shop.example", "noreply.ann@x.de", "reply@x.de", "anoreply@x.de"] {
            assert!(!blocked.blocks(Email, address), "{address}");
        }
        assert!(blocked.blocks_address("No-Reply@shop.example") && !blocked.blocks_address("user-1"));
    }

    #[test]
    fn a_deployment_blocks_values_of_a_kind() {
        let blocked = BlockedIdentifiers::new([(User, "tester".to_owned()), (Email, "shop@x.de".to_owned())]);
        assert!(blocked.blocks(User, "tester") && blocked.blocks(Email, "shop@x.de"));
        assert!(!blocked.blocks(User, "shop@x.de") && !blocked.blocks(User, "Tester"));
        let cleaned = |kind, value| BlockedIdentifiers::cleaned(kind, value, "CN");
        assert_eq!(cleaned(Email, " Shop@X.de ").as_deref(), Some("shop@x.de"));
        assert_eq!(cleaned(Phone, "139 0013 8000").as_deref(), Some("+8613900138000"));
        assert_eq!((cleaned(Phone, "none"), cleaned(User, "  ")), (None, None));
    }
}
