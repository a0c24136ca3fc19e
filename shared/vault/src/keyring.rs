//! The keys of one owner of sealed values.

use event::PortError;

/// Keys that open sealed values. The first one seals; the others are there until nothing is sealed under them any more.
/// As a file it is 32 bytes a key, in this order: one key alone is a file as all releases wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Keyring {
    keys: Vec<[u8; 32]>,
}

/// Why bytes are no keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyringError {
    /// Not a whole number of keys, or none, or more than [`Keyring::MOST`].
    Length,
    /// A key stands in it twice.
    Repeated,
}

impl Keyring {
    /// Most keys of a ring: a change of keys that is under way has two.
    pub const MOST: usize = 8;

    /// The keys of a file.
    pub fn parse(bytes: &[u8]) -> Result<Keyring, KeyringError> {
        let (keys, []) = bytes.as_chunks::<32>() else { return Err(KeyringError::Length) };
        if keys.is_empty() || keys.len() > Self::MOST {
            return Err(KeyringError::Length);
        }
        if keys.iter().enumerate().any(|(at, key)| keys[..at].contains(key)) {
            return Err(KeyringError::Repeated);
        }
        Ok(Keyring { keys: keys.to_vec() })
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.keys.concat()
    }

    /// A ring of one new key.
    pub fn random() -> Result<Keyring, PortError> {
        Ok(Keyring { keys: vec![random_key()?] })
    }

    /// The same ring with a new key before the others.
    pub fn with_new_key(&self) -> Result<Keyring, PortError> {
        let mut keys = vec![random_key()?];
        keys.extend_from_slice(&self.keys);
        keys.truncate(Self::MOST);
        Ok(Keyring { keys })
    }

    /// The ring of its first key alone.
    pub fn without_old_keys(&self) -> Keyring {
        Keyring { keys: self.keys[..1].to_vec() }
    }

    /// How many keys are there beside the one that seals.
    pub fn old_keys(&self) -> usize {
        self.keys.len() - 1
    }

    pub(crate) fn keys(&self) -> &[[u8; 32]] {
        &self.keys
    }
}

impl From<&[u8; 32]> for Keyring {
    fn from(key: &[u8; 32]) -> Keyring {
        Keyring { keys: vec![*key] }
    }
}

impl From<&Keyring> for Keyring {
    fn from(ring: &Keyring) -> Keyring {
        ring.clone()
    }
}

fn random_key() -> Result<[u8; 32], PortError> {
    let mut key = [0; 32];
    let failed = |error: getrandom::Error| PortError::Failed { what: "a new key", reason: error.to_string() };
    getrandom::fill(&mut key).map_err(failed)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_keys() {
        let ring = Keyring::from(&[7; 32]);
        assert_eq!(ring.to_bytes(), [7; 32]);
        let two = ring.with_new_key().unwrap();
        assert_eq!((two.old_keys(), two.to_bytes().len()), (1, 64));
        assert!(Keyring::parse(&two.to_bytes()) == Ok(two.clone()));
        assert!(two.without_old_keys() != ring && two.without_old_keys().old_keys() == 0);
        for damaged in [0, 31, 33, 9 * 32] {
            assert_eq!(Keyring::parse(&vec![1; damaged]).err(), Some(KeyringError::Length));
        }
        assert_eq!(Keyring::parse(&[1; 64]).err(), Some(KeyringError::Repeated));
    }
}
