//! What stands in a record, found out in one pass over it: whether its strings can be taken as they stand, and where in
//! it something personal may be.

use crate::places::Places;
use crate::text::is_composed;
use wide::u8x16;

/// What one pass over a text found out.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    /// Whether the text holds control characters.
    pub controls: bool,
    /// Whether all of it [is composed](is_composed).
    pub composed: bool,
    /// Whether it is ASCII.
    pub ascii: bool,
    /// Whether an `@`, a `%` or a backslash stands in it.
    pub marked: bool,
    /// Where a number or an address of a machine may stand.
    places: Places,
}

impl Survey {
    /// Bytes of one stretch.
    pub const STRETCH: usize = Places::BLOCK;

    /// Looks at all of a text. `short` says that telephone numbers of eight characters are looked for, instead of eleven.
    pub fn of(text: &str, short: bool) -> Survey {
        let (blocks, rest) = text.as_bytes().as_chunks();
        // Padded with what nothing is looked for in.
        let mut last = [b'x'; Survey::STRETCH];
        last[..rest.len()].copy_from_slice(rest);
        let blocks = Blocks { blocks, last: (!rest.is_empty()).then_some(&last) };
        let Passed { controls, ascii, high, marked, places } = pass(blocks, Places::new(short));
        Survey { controls, composed: !high || is_composed(text), ascii, marked, places }
    }

    /// The stretches in which a number or an address may stand: where each begins, and one bit a byte, the first lowest;
    /// none where there are more than are listed.
    pub fn candidates(&self) -> Option<&[(usize, u64)]> {
        self.places.found.get(..self.places.count)
    }
}

/// A text in blocks, the last of them padded.
#[derive(Clone, Copy)]
struct Blocks<'b> {
    blocks: &'b [[u8; Survey::STRETCH]],
    last: Option<&'b [u8; Survey::STRETCH]>,
}

/// What a pass over blocks comes to.
struct Passed {
    controls: bool,
    ascii: bool,
    /// Whether there are bytes from `CC` on, with which characters from U+0300 on begin.
    high: bool,
    marked: bool,
    places: Places,
}

#[cfg(not(target_arch = "x86_64"))]
fn pass(blocks: Blocks<'_>, places: Places) -> Passed {
    portable(blocks, places)
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[allow(unsafe_code)] // what the processor can do is only known as it runs
fn pass(blocks: Blocks<'_>, places: Places) -> Passed {
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor was just asked whether it has these instructions.
        return unsafe { by_32(blocks, places) };
    }
    portable(blocks, places)
}

/// Sixteen bytes at a time, as every processor can.
fn portable(Blocks { blocks, last }: Blocks<'_>, mut places: Places) -> Passed {
    let (mut lowest, mut highest) = (u8x16::splat(b'x'), u8x16::splat(b'x'));
    let mut marked = u8x16::splat(0);
    for block in blocks.iter().chain(last) {
        let (mut runs, mut dots, mut colons) = (0u64, 0u64, 0u64);
        for (n, bytes) in block.as_chunks().0.iter().enumerate() {
            let bytes = u8x16::new(*bytes);
            let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            lowest = lowest.min(bytes);
            highest = highest.max(bytes);
            marked |= is(b'@') | is(b'%') | is(b'\\');
            // From ( to 9: digits and what stands between them. The comma and the slash only make for more candidates.
            let offset = bytes - u8x16::splat(b'(');
            let run = offset.min(u8x16::splat(b'9' - b'(')).simd_eq(offset) | is(b' ');
            runs |= u64::from(run.to_bitmask()) << (16 * n);
            dots |= u64::from(is(b'.').to_bitmask()) << (16 * n);
            colons |= u64::from(is(b':').to_bitmask()) << (16 * n);
        }
        places.block(runs, dots, colons);
    }
    let (lowest, highest, marked) = (lowest.reduce_min(), highest.reduce_max(), marked.to_bitmask() != 0);
    Passed { controls: lowest < b' ', ascii: highest < 0x80, high: highest >= 0xCC, marked, places }
}

/// The same, 32 bytes at a time: half the instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[allow(unsafe_code)] // there is no other way to load so many bytes at once
fn by_32(Blocks { blocks, last }: Blocks<'_>, mut places: Places) -> Passed {
    use std::arch::x86_64::*;

    let splat = |byte: u8| _mm256_set1_epi8(byte as i8);
    let mask = |bytes| u64::from(_mm256_movemask_epi8(bytes) as u32);
    let (mut lowest, mut highest, mut marked) = (splat(b'x'), splat(b'x'), splat(0));
    for block in blocks.iter().chain(last) {
        let (mut runs, mut dots, mut colons) = (0u64, 0u64, 0u64);
        for (n, bytes) in block.as_chunks::<32>().0.iter().enumerate() {
            // SAFETY: these are 32 bytes, which may lie anywhere.
            let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            let is = |byte: u8| _mm256_cmpeq_epi8(bytes, splat(byte));
            lowest = _mm256_min_epu8(lowest, bytes);
            highest = _mm256_max_epu8(highest, bytes);
            let others = _mm256_or_si256(is(b'%'), is(b'\\'));
            marked = _mm256_or_si256(marked, _mm256_or_si256(is(b'@'), others));
            let offset = _mm256_sub_epi8(bytes, splat(b'('));
            let within = _mm256_cmpeq_epi8(_mm256_min_epu8(offset, splat(b'9' - b'(')), offset);
            runs |= mask(_mm256_or_si256(within, is(b' '))) << (32 * n);
            dots |= mask(is(b'.')) << (32 * n);
            colons |= mask(is(b':')) << (32 * n);
        }
        places.block(runs, dots, colons);
    }
    let any = |bytes| mask(bytes) != 0;
    Passed {
        controls: any(_mm256_cmpeq_epi8(_mm256_min_epu8(lowest, splat(b' ' - 1)), lowest)),
        ascii: !any(highest),
        high: any(_mm256_cmpeq_epi8(_mm256_max_epu8(highest, splat(0xCC)), highest)),
        marked: any(marked),
        places,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::stretch::Stretch;
    use proptest::prelude::*;

    /// Where something may stand, looked for in every stretch from its own first byte on.
    fn found(text: &str, short: bool) -> Vec<usize> {
        let mut places: Vec<usize> = (0..text.len())
            .flat_map(|at| {
                let bits = Stretch::at(text.as_bytes(), at, short).candidates;
                (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| at + bit)
            })
            .collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    fn surveyed(text: &str, short: bool) -> Option<Vec<usize>> {
        let survey = Survey::of(text, short);
        let places = |(at, bits): &(usize, u64)| {
            let (at, bits) = (*at, *bits);
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| at + bit)
        };
        Some(survey.candidates()?.iter().flat_map(places).collect())
    }

    proptest! {
        #[test]
        fn a_pass_finds_what_a_look_at_every_byte_finds(
            text in "([a-z\": ]{0,70}|[0-9 .:()-]{0,20}|[:.0-9a-f]{0,12}){0,6}",
            short: bool,
        ) {
            if let Some(places) = surveyed(&text, short) {
                prop_assert_eq!(places, found(&text, short));
            }
        }

        #[test]
        fn a_pass_tells_what_kinds_of_characters_there_are(text in "[ -~]{0,80}(\\PC|[\u{0}-\u{ff}]|[a-z@%]){0,9}") {
            let survey = Survey::of(&text, false);
            prop_assert_eq!(survey.controls, text.bytes().any(|byte| byte < b' '));
            prop_assert_eq!(survey.composed, is_composed(&text));
            prop_assert_eq!(survey.ascii, text.is_ascii());
            prop_assert_eq!(survey.marked, text.contains(['@', '%', '\\']));
        }
    }

    proptest! {
        #[test]
        fn every_processor_finds_the_same(bytes in prop::collection::vec(any::<[u8; 8]>(), 0..40), short: bool) {
            let bytes: Vec<u8> = bytes.into_iter().flatten().map(|byte| if byte < 250 { byte % 96 + 32 } else { byte.wrapping_mul(37) }).collect();
            let blocks = Blocks { blocks: bytes.as_chunks().0, last: None };
            let told = |passed: Passed| {
                let Passed { controls, ascii, high, marked, places } = passed;
                (controls, ascii, high, marked, places.found, places.count)
            };
            let places = || Places::new(short);
            prop_assert_eq!(told(pass(blocks, places())), told(portable(blocks, places())));
        }
    }

    #[test]
    fn too_many_stretches_are_not_listed() {
        let text = "call 13800138000 ".repeat(64);
        assert_eq!(Survey::of(&text, false).candidates(), None);
        assert_eq!(Survey::of("", false).candidates(), Some(&[][..]));
    }
}
