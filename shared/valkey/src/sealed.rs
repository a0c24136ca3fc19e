//! What is kept there.

use crate::Valkey;
use event::{Identifier, Key, PortError, Pseudonymizer};
use person::{Found, SharedProfiles};
use vault::{Place, Sealer};

/// Person and version in front of the sealed profile: 32 and 16 hexadecimal digits, by which the server compares.
const HEAD: usize = 48;

/// [`SharedProfiles`] in Valkey or Redis, each sealed for its identifier, person and version under a key that is made of
/// that under which the deployment hashes identifiers.
pub struct SealedProfiles<'v> {
    valkey: &'v Valkey,
    sealer: Sealer,
}

impl Valkey {
    /// The profiles of a deployment.
    pub fn sealed(&self, hasher: &Pseudonymizer) -> SealedProfiles<'_> {
        SealedProfiles { valkey: self, sealer: Sealer::new(&hasher.sign("shared profiles", b"seal")) }
    }
}

impl SharedProfiles for SealedProfiles<'_> {
    async fn get(&self, identifier: Identifier) -> Result<Option<Found>, PortError> {
        let value = self.valkey.get(&name(identifier)).await?;
        // Somebody else's value is as good as none.
        Ok(value.and_then(|value| self.read(identifier, &value)))
    }

    async fn put(&self, identifier: Identifier, found: &Found) -> Result<(), PortError> {
        self.valkey.put(&name(identifier), &self.value(identifier, found)?).await
    }
}

impl SealedProfiles<'_> {
    fn value(&self, identifier: Identifier, found: &Found) -> Result<Vec<u8>, PortError> {
        let mut value = format!("{}{:016x}", found.person, found.version).into_bytes();
        let place = Place::Shared(identifier, found.person, found.version);
        value.extend_from_slice(&self.sealer.seal(place, &found.blob)?);
        Ok(value)
    }

    fn read(&self, identifier: Identifier, value: &[u8]) -> Option<Found> {
        let (head, sealed) = value.split_at_checked(HEAD)?;
        let (person, version) = std::str::from_utf8(head).ok()?.split_at_checked(32)?;
        let (person, version) = (Key::parse(person)?, u64::from_str_radix(version, 16).ok()?);
        let blob = self.sealer.open(Place::Shared(identifier, person, version), sealed).ok()?;
        Some(Found { person, version, blob: blob.into() })
    }
}

fn name(identifier: Identifier) -> String {
    format!("rondo:profile:{}:{}", identifier.kind.as_str(), identifier.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::IdentifierKind;

    fn id(n: u8) -> Identifier {
        Identifier { kind: IdentifierKind::User, key: Key([n; 16]) }
    }

    #[test]
    fn a_value_is_read_as_it_was_written_and_in_its_place_alone() {
        let valkey = Valkey::new("redis://127.0.0.1:1/0", 1).unwrap();
        let profiles = valkey.sealed(&Pseudonymizer::new(b"one"));
        let found =
            Found { person: Key([9; 16]), version: 12, blob: b"what is known of Ann".to_vec().into() };
        let value = profiles.value(id(1), &found).unwrap();
        assert_eq!(profiles.read(id(1), &value), Some(found));
        assert!(!value.windows(3).any(|bytes| bytes == b"Ann"), "it is sealed");
        assert_eq!(profiles.read(id(2), &value), None, "another's place");
        assert_eq!(valkey.sealed(&Pseudonymizer::new(b"two")).read(id(1), &value), None, "another's key");
        for at in 0..value.len() {
            let mut changed = value.clone();
            changed[at] ^= 1;
            assert_eq!(profiles.read(id(1), &changed), None, "byte {at}");
        }
        for odd in [&b""[..], b"short", &[b'x'; 60], &[b'0'; 200], "é".repeat(40).as_bytes()] {
            assert_eq!(profiles.read(id(1), odd), None, "{odd:?}");
        }
    }
}
