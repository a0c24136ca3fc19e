//! The bytes of a sealed value.
//!
//! | bytes | what |
//! |---|---|
//! | 3 | `RSV` |
//! | 1 | version: 1, or 2 where the data key comes with the value |
//! | 2 + n | version 2 alone: length (little-endian) and bytes of the wrapped data key |
//! | 8 | the key's id |
//! | 24 | the nonce, random |
//! | n + 16 | the value under XChaCha20-Poly1305; associated data are all bytes before the nonce, and the place |

use crate::Place;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use event::PortError;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 3] = b"RSV";
/// Under a key that the reader has.
const PLAIN: u8 = 1;
/// Under a data key that is here too, wrapped.
const ENVELOPE: u8 = 2;
pub(crate) const NONCE: usize = 24;

/// What names a key: the first 8 bytes of a SHA-256 over it. The key has 256 random bits, of which this tells nothing.
pub(crate) type KeyId = [u8; 8];

/// A key ready for use.
#[derive(Clone)]
pub(crate) struct Cipher {
    pub id: KeyId,
    pub cipher: XChaCha20Poly1305,
}

impl Cipher {
    pub fn new(key: &[u8; 32]) -> Cipher {
        let digest = Sha256::new().chain_update(b"rondo key id").chain_update(key).finalize();
        let mut id = KeyId::default();
        id.copy_from_slice(&digest[..8]);
        Cipher { id, cipher: XChaCha20Poly1305::new(key.into()) }
    }

    /// The sealed value, with its data key where one is given.
    pub fn seal(&self, wrapped: Option<&[u8]>, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, PortError> {
        let failed = |reason: &str| PortError::Failed { what: "sealing", reason: reason.to_owned() };
        let mut sealed = Vec::with_capacity(52 + wrapped.map_or(0, |key| key.len() + 2) + value.len());
        sealed.extend_from_slice(MAGIC);
        match wrapped {
            None => sealed.push(PLAIN),
            Some(wrapped) => {
                let length = u16::try_from(wrapped.len()).map_err(|_| failed("the data key is too long"))?;
                sealed.push(ENVELOPE);
                sealed.extend_from_slice(&length.to_le_bytes());
                sealed.extend_from_slice(wrapped);
            }
        }
        sealed.extend_from_slice(&self.id);
        let aad = [sealed.as_slice(), &place.bytes()].concat();
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| failed("the system gives no random numbers"))?;
        let payload = Payload { msg: value, aad: &aad };
        let body = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| failed("the value is too long"))?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// The value; `None` where it was not sealed under this key for this place.
    pub fn open(&self, sealed: &Sealed<'_>, place: Place<'_>) -> Option<Vec<u8>> {
        let aad = [sealed.head, &place.bytes()].concat();
        self.cipher.decrypt(&XNonce::from(sealed.nonce), Payload { msg: sealed.body, aad: &aad }).ok()
    }
}

/// A sealed value, taken apart.
pub(crate) struct Sealed<'s> {
    pub wrapped: Option<&'s [u8]>,
    pub key: KeyId,
    /// Everything before the nonce.
    head: &'s [u8],
    nonce: [u8; NONCE],
    body: &'s [u8],
}

impl<'s> Sealed<'s> {
    /// `None` for bytes that are no sealed value of this format.
    pub fn parse(bytes: &'s [u8]) -> Option<Sealed<'s>> {
        let (version, rest) = bytes.strip_prefix(MAGIC)?.split_first()?;
        let (wrapped, rest) = match *version {
            PLAIN => (None, rest),
            ENVELOPE => {
                let (length, rest) = rest.split_first_chunk()?;
                let (wrapped, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
                (Some(wrapped), rest)
            }
            _ => return None,
        };
        let (key, rest) = rest.split_first_chunk()?;
        let head = &bytes[..bytes.len() - rest.len()];
        let (nonce, body) = rest.split_first_chunk()?;
        Some(Sealed { wrapped, key: *key, head, nonce: *nonce, body })
    }
}

/// Whether bytes are a sealed value, as far as their shape tells.
pub fn is_sealed(bytes: &[u8]) -> bool {
    Sealed::parse(bytes).is_some()
}

/// The wrapped data key that a sealed value brings, if it brings one.
pub fn wrapped_key(sealed: &[u8]) -> Option<&[u8]> {
    Sealed::parse(sealed)?.wrapped
}

/// The error of a value that does not open.
pub(crate) fn unopened(reason: &str) -> PortError {
    PortError::Failed { what: "a sealed value", reason: reason.to_owned() }
}
