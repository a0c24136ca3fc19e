//! Data keys: used here, known wrapped to whoever keeps the values.

use crate::Place;
use crate::format::{Cipher, Sealed, unopened};
use event::PortError;

/// A data key as a key service gives it: in clear for use in memory, and wrapped under a key that never leaves the
/// service. What is sealed under it carries it wrapped, so that whoever may have it unwrapped can open the value
/// ("envelope encryption").
#[derive(Clone)]
pub struct DataKey {
    cipher: Cipher,
    wrapped: Vec<u8>,
}

impl DataKey {
    /// `wrapped` is what the service unwraps `key` from; at most 64 KiB.
    pub fn new(key: &[u8; 32], wrapped: Vec<u8>) -> DataKey {
        DataKey { cipher: Cipher::new(key), wrapped }
    }

    /// Seals a value for its place.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn seal(&self, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, PortError> {
        self.cipher.seal(Some(&self.wrapped), place, value)
    }

    /// The value of what was sealed for this place under this key.
    ///
    /// # Errors
    /// It was sealed under another key or for another place, or is damaged.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let parts = Sealed::parse(sealed).filter(|parts| parts.key == self.cipher.id);
        let value = parts.and_then(|parts| self.cipher.open(&parts, place));
        value.ok_or_else(|| unopened("it was sealed under another key or for another place, or is damaged"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sealer, is_sealed, wrapped_key};

    #[test]
    fn a_value_carries_its_data_key() {
        let (key, place) = (DataKey::new(&[5; 32], b"wrapped".to_vec()), Place::Quarantine("id"));
        let sealed = key.seal(place, b"record").unwrap();
        assert!(is_sealed(&sealed));
        assert_eq!(wrapped_key(&sealed), Some(b"wrapped".as_slice()));
        assert_eq!(key.open(place, &sealed).unwrap(), b"record");
        assert!(key.open(Place::Quarantine("other"), &sealed).is_err());
        assert!(DataKey::new(&[6; 32], b"wrapped".to_vec()).open(place, &sealed).is_err());
        // Another wrapped key in its place does not open it either: it is part of what is bound.
        let mut forged = sealed.clone();
        forged[6] ^= 1;
        assert!(key.open(place, &forged).is_err());
        let plain = Sealer::new(&[5; 32]).seal(place, b"record").unwrap();
        assert_eq!((is_sealed(&plain), wrapped_key(&plain)), (true, None));
        assert!(!is_sealed(b"{\"at\":1}") && !is_sealed(b"") && !is_sealed(b"RSV\x02\xff\xffx"));
    }
}
