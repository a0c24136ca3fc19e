//! Sealing under the keys of a keyring.

use crate::format::{Cipher, NONCE, Sealed, unopened};
use crate::{Keyring, Place};
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::Aead;
use event::PortError;
use std::sync::{Arc, PoisonError, RwLock};

/// Seals and opens under a [`Keyring`]. Clones share their keys, also where these change.
#[derive(Clone)]
pub struct Sealer {
    ring: Arc<RwLock<Arc<[Cipher]>>>,
}

impl Sealer {
    /// From a keyring, or a single key.
    pub fn new(keys: impl Into<Keyring>) -> Sealer {
        Sealer { ring: Arc::new(RwLock::new(ciphers(&keys.into()))) }
    }

    /// Changes the keys, for all clones.
    pub fn replace(&self, keys: impl Into<Keyring>) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ciphers(&keys.into());
    }

    /// Seals a value for its place under the first key.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn seal(&self, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, PortError> {
        self.ring()[0].seal(None, place, value)
    }

    /// The value of what was sealed for this place under any of the keys; also as releases before the change of keys
    /// sealed it: a nonce and the value, bound to no place.
    ///
    /// # Errors
    /// It was sealed under another key or for another place, or is damaged.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let ring = self.ring();
        if let Some(parts) = Sealed::parse(sealed) {
            let fitting = ring.iter().filter(|cipher| cipher.id == parts.key);
            if let Some(value) = fitting.filter_map(|cipher| cipher.open(&parts, place)).next() {
                return Ok(value);
            }
        }
        let placeless = sealed.split_first_chunk::<NONCE>().and_then(|(nonce, body)| {
            ring.iter().find_map(|cipher| cipher.cipher.decrypt(&XNonce::from(*nonce), body).ok())
        });
        placeless.ok_or_else(|| {
            unopened(
                "it was sealed under another key or for another place, or is damaged; restore the data folder with its \
                 keys",
            )
        })
    }

    /// Whether a value is sealed as [`Sealer::seal`] would do it now: under the first key, for a place.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        Sealed::parse(sealed).is_some_and(|parts| parts.wrapped.is_none() && parts.key == self.ring()[0].id)
    }

    fn ring(&self) -> Arc<[Cipher]> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn ciphers(keys: &Keyring) -> Arc<[Cipher]> {
    keys.keys().iter().map(Cipher::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
    use event::{Identifier, IdentifierKind, Key};

    fn of(n: u8) -> Identifier {
        Identifier { kind: IdentifierKind::Email, key: Key([n; 16]) }
    }

    #[test]
    fn a_value_opens_in_its_place_under_its_key_alone() {
        let sealer = Sealer::new(&[1; 32]);
        let place = Place::Vault(of(1), "email");
        let sealed = sealer.seal(place, b"ann@example.com").unwrap();
        assert!(!sealed.windows(3).any(|window| window == b"ann"));
        assert_eq!(sealer.open(place, &sealed).unwrap(), b"ann@example.com");
        assert_ne!(sealed, sealer.seal(place, b"ann@example.com").unwrap(), "a nonce each");
        let others = [
            Place::Vault(of(2), "email"),
            Place::Vault(of(1), "phone"),
            Place::Vault(of(1), "emai"),
            Place::Quarantine("email"),
        ];
        for other in others {
            assert!(sealer.open(other, &sealed).is_err(), "{other:?}");
        }
        assert!(Sealer::new(&[2; 32]).open(place, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(sealer.open(place, &damaged).is_err(), "byte {at}");
            assert!(sealer.open(place, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn keys_change_for_all_clones_and_old_values_open_until_their_key_is_gone() {
        let old = Keyring::from(&[1; 32]);
        let (sealer, place) = (Sealer::new(&old), Place::Quarantine("a"));
        let clone = sealer.clone();
        let before = clone.seal(place, b"x").unwrap();
        let both = old.with_new_key().unwrap();
        sealer.replace(&both);
        assert_eq!(clone.open(place, &before).unwrap(), b"x");
        assert!(!clone.is_current(&before));
        let after = clone.seal(place, b"y").unwrap();
        assert!(sealer.is_current(&after));
        sealer.replace(both.without_old_keys());
        assert!(clone.open(place, &before).is_err());
        assert_eq!(clone.open(place, &after).unwrap(), b"y");
    }

    #[test]
    fn values_of_releases_without_places_stay_readable() {
        // A nonce, and the value under the key of `vault.key`.
        let key = [3; 32];
        let nonce = [9; NONCE];
        let body =
            XChaCha20Poly1305::new(&key.into()).encrypt(&XNonce::from(nonce), b"Ann".as_slice()).unwrap();
        let sealed = [nonce.as_slice(), &body].concat();
        let sealer = Sealer::new(&key);
        assert_eq!(sealer.open(Place::Vault(of(1), "first_name"), &sealed).unwrap(), b"Ann");
        assert!(!sealer.is_current(&sealed));
        sealer.replace(Keyring::from(&key).with_new_key().unwrap());
        assert_eq!(sealer.open(Place::Vault(of(1), "first_name"), &sealed).unwrap(), b"Ann");
    }
}
