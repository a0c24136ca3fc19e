//! Sealing and opening.

use crate::MessageToken;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use event::Pseudonymizer;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

const NONCE: usize = 24;
const TAG: usize = 16;
/// What a token is sealed for; nothing else sealed under the key opens as one.
const PURPOSE: &[u8] = b"rondo message token 1";

/// The key under which a deployment seals its tokens.
///
/// A token is base64url of a nonce of 24 bytes and of the message under XChaCha20-Poly1305. The nonce is an HMAC of the
/// message under a key of its own (a synthetic nonce, as RFC 5297 makes one): the same message has the same token,
/// however often it is rendered, and two messages never share a nonce.
#[derive(Clone)]
pub struct TokenKey {
    cipher: XChaCha20Poly1305,
    nonces: Hmac<Sha256>,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token was not made here, or was changed on its way")]
    Forged,
    #[error("the token is too old")]
    Expired,
}

impl TokenKey {
    /// The key of a deployment, made of that under which it hashes identifiers, so that there is no other to keep.
    pub fn of(hasher: &Pseudonymizer) -> TokenKey {
        let cipher = XChaCha20Poly1305::new(&hasher.sign("message token", b"seal").into());
        let nonces = Hmac::<Sha256>::new_from_slice(&hasher.sign("message token", b"nonce"));
        TokenKey { cipher, nonces: nonces.expect("HMAC takes a key of any length") }
    }

    /// The token of a message: letters, digits, `-` and `_`.
    pub fn seal(&self, message: &MessageToken) -> String {
        let plain = message.encode();
        let mut nonces = self.nonces.clone();
        nonces.update(&plain);
        let digest = nonces.finalize().into_bytes();
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&digest[..NONCE]);
        let payload = Payload { msg: &plain, aad: PURPOSE };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a message of some bytes is not too long");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// What a token says. `now` is UTC ms.
    ///
    /// # Errors
    /// One that was not sealed under this key, or is too old.
    pub fn open(&self, token: &str, now: i64) -> Result<MessageToken, TokenError> {
        if token.len() > 1_024 {
            return Err(TokenError::Forged);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenError::Forged)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(TokenError::Forged)?;
        if sealed.len() < TAG {
            return Err(TokenError::Forged);
        }
        let payload = Payload { msg: sealed, aad: PURPOSE };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| TokenError::Forged)?;
        let message = MessageToken::decode(&plain).map_err(|_| TokenError::Forged)?;
        match now.saturating_sub(message.sent_at) > MessageToken::LIFETIME {
            true => Err(TokenError::Expired),
            false => Ok(message),
        }
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}
