//! HMAC-SHA-256 (RFC 2104) under one key of messages short enough for one block, which identifiers are: the two blocks
//! that the key fills are hashed once, and a message takes two more.

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

/// The initial state of SHA-256 (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

const BLOCK: usize = 64;

/// The states behind the key.
#[derive(Clone)]
pub(crate) struct Keyed {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Keyed {
    /// Longest message, in bytes: with its end and its length it fills a block.
    pub const MAX: usize = BLOCK - 9;

    pub fn new(key: &[u8]) -> Keyed {
        let mut padded = [0; BLOCK];
        if key.len() > BLOCK {
            let digest = Sha256::digest(key);
            padded[..digest.len()].copy_from_slice(&digest);
        } else {
            padded[..key.len()].copy_from_slice(key);
        }
        let behind = |pad: u8| {
            let mut state = INITIAL;
            compress256(&mut state, &[padded.map(|byte| byte ^ pad)]);
            state
        };
        Keyed { inner: behind(0x36), outer: behind(0x5c) }
    }

    /// The first 128 bits of the code of a message, given in parts; none for one that is too long.
    #[inline]
    pub fn code(&self, parts: [&[u8]; 3]) -> Option<[u8; 16]> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if len > Self::MAX {
            return None;
        }
        let mut block = [0; BLOCK];
        let mut at = 0;
        for part in parts {
            block[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        let inner = last(self.inner, block, len);
        let mut block = [0; BLOCK];
        for (bytes, word) in block.chunks_exact_mut(4).zip(inner) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        let outer = last(self.outer, block, 32);
        let mut code = [0; 16];
        for (bytes, word) in code.chunks_exact_mut(4).zip(outer) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        Some(code)
    }
}

/// The state behind a last block with `len` bytes of a message, of which the key's block came before.
#[inline]
fn last(mut state: [u32; 8], mut block: [u8; BLOCK], len: usize) -> [u32; 8] {
    block[len] = 0x80;
    let bits = 8 * (BLOCK + len) as u64;
    block[BLOCK - 8..].copy_from_slice(&bits.to_be_bytes());
    compress256(&mut state, &[block]);
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_code_that_the_library_gives(
            key in prop::collection::vec(any::<u8>(), 0..140),
            message in prop::collection::vec(any::<u8>(), 0..70),
            cut in any::<prop::sample::Index>(),
        ) {
            let (head, tail) = message.split_at(cut.index(message.len() + 1));
            let code = Keyed::new(&key).code([head, &[], tail]);
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.update(&message);
            let expected: [u8; 16] = mac.finalize().into_bytes()[..16].try_into().unwrap();
            prop_assert_eq!(code, (message.len() <= Keyed::MAX).then_some(expected));
        }
    }
}
