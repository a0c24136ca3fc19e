//! Where the strings of a text may end: the quotation marks and backslashes, found many bytes at once.

use wide::u8x16;

/// Where the quotation marks and backslashes of a stretch of text are. It is made once for several strings,
/// most of which are short.
pub(crate) struct Block {
    pub start: usize,
    /// One bit a byte, the first lowest.
    marks: u64,
}

impl Block {
    pub const LEN: usize = 64;

    pub fn at(bytes: &[u8], start: usize) -> Block {
        let rest = &bytes[start..];
        let marks = match rest.first_chunk() {
            Some(block) => Self::marks(block),
            None => {
                let mut block = [0; Self::LEN];
                block[..rest.len()].copy_from_slice(rest);
                Self::marks(&block)
            }
        };
        Block { start, marks }
    }

    /// The place of the first mark in the block that is not before `from`.
    #[inline(always)]
    pub fn mark(&self, from: usize) -> Option<usize> {
        let skipped = from.wrapping_sub(self.start);
        let left = if skipped < Self::LEN { self.marks >> skipped } else { 0 };
        (left != 0).then(|| from + left.trailing_zeros() as usize)
    }

    #[inline]
    fn marks(block: &[u8; Self::LEN]) -> u64 {
        let (quote, backslash) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
        let mut marks = 0;
        for (n, bytes) in block.as_chunks().0.iter().enumerate() {
            let bytes = u8x16::new(*bytes);
            let found = bytes.simd_eq(quote) | bytes.simd_eq(backslash);
            marks |= u64::from(found.to_bitmask()) << (16 * n);
        }
        marks
    }
}
