//! Where in a text personal data may stand, found many bytes at once.

use wide::u8x16;

/// What 64 bytes of a text hold.
pub(crate) struct Stretch {
    /// Bytes at which a number, or an address of a machine, may stand: one bit a byte, the first lowest.
    pub candidates: u64,
}

impl Stretch {
    pub const LEN: usize = 64;
    /// From one stretch to the next: they overlap, so that nothing that is looked for is cut in two.
    pub const STEP: usize = Self::LEN - 12;

    /// The stretch from `start` on. `short` says that telephone numbers of eight characters are looked for, instead
    /// of eleven.
    #[inline]
    pub fn at(bytes: &[u8], start: usize, short: bool) -> Stretch {
        let rest = &bytes[start..];
        match rest.first_chunk() {
            Some(block) => Self::of(block, short),
            None => {
                let mut block = [0; Self::LEN];
                block[..rest.len()].copy_from_slice(rest);
                Self::of(&block, short)
            }
        }
    }

    #[inline]
    fn of(block: &[u8; Self::LEN], short: bool) -> Stretch {
        let (mut runs, mut dots, mut colons) = (0u64, 0u64, 0u64);
        for (n, bytes) in block.as_chunks().0.iter().enumerate() {
            let bytes = u8x16::new(*bytes);
            let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            // From ( to 9: digits and what stands between them. The comma and the slash only make for more candidates.
            let offset = bytes - u8x16::splat(b'(');
            let run = offset.min(u8x16::splat(b'9' - b'(')).simd_eq(offset) | is(b' ');
            runs |= u64::from(run.to_bitmask()) << (16 * n);
            dots |= u64::from(is(b'.').to_bitmask()) << (16 * n);
            colons |= u64::from(is(b':').to_bitmask()) << (16 * n);
        }
        Stretch { candidates: long(runs, short) | quads(dots) | groups(colons) }
    }
}

/// The last of eleven (or eight) set bits in a row.
#[inline]
fn long(runs: u64, short: bool) -> u64 {
    let two = runs & (runs << 1);
    let four = two & (two << 2);
    let eight = four & (four << 4);
    if short { eight } else { eight & (eight << 3) }
}

/// The third of three dots with one to three bytes between them.
#[inline]
fn quads(dots: u64) -> u64 {
    let after = |bits: u64| (bits << 2) | (bits << 3) | (bits << 4);
    dots & after(dots & after(dots))
}

/// The second of two colons in a row, and the third of three with up to four bytes between them.
#[inline]
fn groups(colons: u64) -> u64 {
    let after = |bits: u64| (bits << 1) | (bits << 2) | (bits << 3) | (bits << 4) | (bits << 5);
    (colons & (colons << 1)) | (colons & after(colons & after(colons)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, short: bool) -> Vec<u32> {
        let bits = Stretch::at(text.as_bytes(), 0, short).candidates;
        (0..64).filter(|bit| bits >> bit & 1 == 1).collect()
    }

    #[test]
    fn candidates_are_long_runs_quads_and_groups() {
        assert_eq!(found("call 13800138000", false), [14, 15]);
        assert_eq!(found(r#"{"at":"2026-11-22T10:00:00.123Z","price":12.95}"#, false), [0u32; 0]);
        assert_eq!(found("6123 4567", true), [7, 8]);
        assert_eq!(found("at 203.0.113.7 now", false), [12, 13, 14]);
        assert_eq!(found("1.2.3.4", false), [5]);
        assert_eq!(found("fe80::1", false), [5]);
        assert_eq!(found("2001:db8:0:1", false), [10]);
    }
}
