//! HMAC-SHA-256 (RFC 2104, FIPS 198-1) of many short messages under one key.

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

const BLOCK: usize = 64;
/// The state that SHA-256 begins with (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A key, both of whose pads were taken in once and for all: a short message then costs two blocks, the
/// fewest there can be.
#[derive(Clone)]
pub(crate) struct Hmac {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Hmac {
    /// A key of any length.
    pub fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        match key.len() {
            0..=BLOCK => block[..key.len()].copy_from_slice(key),
            _ => block[..32].copy_from_slice(&Sha256::digest(key)),
        }
        let padded = |pad: u8| {
            let mut state = INITIAL;
            compress256(&mut state, &[block.map(|byte| byte ^ pad)]);
            state
        };
        Hmac { inner: padded(0x36), outer: padded(0x5c) }
    }

    /// The hash of the parts, one after the other.
    pub fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut outer = Blocks::after_pad(self.outer);
        outer.add(&Blocks::after_pad(self.inner).finish(parts));
        outer.finish(&[])
    }
}

/// SHA-256 of a message that is taken in block by block.
struct Blocks {
    state: [u32; 8],
    block: [u8; BLOCK],
    /// Bytes so far.
    len: usize,
}

impl Blocks {
    fn after_pad(state: [u32; 8]) -> Self {
        Blocks { state, block: [0; BLOCK], len: BLOCK }
    }

    #[inline]
    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let start = self.len % BLOCK;
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - start));
            self.block[start..start + now.len()].copy_from_slice(now);
            self.len += now.len();
            bytes = later;
            if self.len.is_multiple_of(BLOCK) {
                compress256(&mut self.state, &[self.block]);
            }
        }
    }

    #[inline]
    fn finish(mut self, parts: &[&[u8]]) -> [u8; 32] {
        parts.iter().for_each(|part| self.add(part));
        let bits = 8 * self.len as u64;
        let used = self.len % BLOCK;
        self.block[used] = 0x80;
        self.block[used + 1..].fill(0);
        if used >= BLOCK - 8 {
            compress256(&mut self.state, &[self.block]);
            self.block = [0; BLOCK];
        }
        self.block[BLOCK - 8..].copy_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, &[self.block]);
        let mut hash = [0; 32];
        for (bytes, word) in hash.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::hmac::{KeyInit, Mac};
    use proptest::prelude::*;

    #[test]
    fn rfc_4231_case_2() {
        let hash = Hmac::new(b"Jefe").hash(&[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hash[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
    }

    proptest! {
        #[test]
        fn is_hmac(key in prop::collection::vec(any::<u8>(), 0..150), parts: [Vec<u8>; 3]) {
            let mut other = ::hmac::Hmac::<Sha256>::new_from_slice(&key).unwrap();
            parts.iter().for_each(|part| other.update(part));
            let hash = Hmac::new(&key).hash(&parts.each_ref().map(Vec::as_slice));
            prop_assert_eq!(&hash[..], &other.finalize().into_bytes()[..]);
        }
    }
}
