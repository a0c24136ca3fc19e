//! What stands in a record, found out in one pass over it: whether its strings can be taken as they stand, and where in
//! it something personal may be.

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
    /// The stretches of [`Survey::STRETCH`] bytes in which a number or an address of a machine may stand: where each
    /// begins, and one bit a byte, the first lowest.
    found: [(usize, u64); Survey::FOUND],
    count: usize,
}

impl Survey {
    /// Bytes of one stretch.
    pub const STRETCH: usize = 64;
    /// How many stretches are listed.
    const FOUND: usize = 8;

    /// Looks at all of a text. `short` says that telephone numbers of eight characters are looked for, instead of eleven.
    pub fn of(text: &str, short: bool) -> Survey {
        let bytes = text.as_bytes();
        let mut pass = Pass::new(short);
        let (blocks, rest) = bytes.as_chunks();
        for block in blocks {
            pass.block(block);
        }
        if !rest.is_empty() {
            // Padded with what nothing is looked for in.
            let mut block = [b'x'; Survey::STRETCH];
            block[..rest.len()].copy_from_slice(rest);
            pass.block(&block);
        }
        let highest = pass.highest.reduce_max();
        Survey {
            controls: pass.lowest.reduce_min() < b' ',
            composed: highest < 0xCC || is_composed(text),
            ascii: highest < 0x80,
            marked: pass.marked.to_bitmask() != 0,
            found: pass.found,
            count: pass.count,
        }
    }

    /// The stretches in which a number or an address may stand; none where there are more than are listed.
    pub fn candidates(&self) -> Option<&[(usize, u64)]> {
        self.found.get(..self.count)
    }
}

impl Default for Survey {
    /// Of an empty text.
    fn default() -> Survey {
        Survey::of("", false)
    }
}

/// A pass under way.
struct Pass {
    short: bool,
    lowest: u8x16,
    highest: u8x16,
    marked: u8x16,
    runs: Runs,
    dots: Near,
    colons: Near,
    at: usize,
    found: [(usize, u64); Survey::FOUND],
    count: usize,
}

impl Pass {
    fn new(short: bool) -> Pass {
        Pass {
            short,
            lowest: u8x16::splat(b'x'),
            highest: u8x16::splat(b'x'),
            marked: u8x16::splat(0),
            runs: Runs::default(),
            dots: Near::default(),
            colons: Near::default(),
            at: 0,
            found: [(0, 0); Survey::FOUND],
            count: 0,
        }
    }

    #[inline(always)]
    fn block(&mut self, block: &[u8; Survey::STRETCH]) {
        let (mut runs, mut dots, mut colons) = (0u64, 0u64, 0u64);
        for (n, bytes) in block.as_chunks().0.iter().enumerate() {
            let bytes = u8x16::new(*bytes);
            let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            self.lowest = self.lowest.min(bytes);
            self.highest = self.highest.max(bytes);
            self.marked |= is(b'@') | is(b'%') | is(b'\\');
            // From ( to 9: digits and what stands between them. The comma and the slash only make for more candidates.
            let offset = bytes - u8x16::splat(b'(');
            let run = offset.min(u8x16::splat(b'9' - b'(')).simd_eq(offset) | is(b' ');
            runs |= u64::from(run.to_bitmask()) << (16 * n);
            dots |= u64::from(is(b'.').to_bitmask()) << (16 * n);
            colons |= u64::from(is(b':').to_bitmask()) << (16 * n);
        }
        let candidates =
            self.runs.long(runs, self.short) | self.dots.quads(dots) | self.colons.groups(colons);
        if candidates != 0 {
            self.note(candidates);
        }
        self.at += Survey::STRETCH;
    }

    #[inline(never)]
    fn note(&mut self, candidates: u64) {
        if let Some(place) = self.found.get_mut(self.count) {
            *place = (self.at, candidates);
        }
        self.count += 1;
    }
}

/// The bits `by` places on, those of the block before moving in.
#[inline(always)]
fn on(bits: u64, before: u64, by: u32) -> u64 {
    bits << by | before >> (64 - by)
}

/// Runs of set bits, over the ends of blocks.
#[derive(Default)]
struct Runs {
    one: u64,
    two: u64,
    four: u64,
    eight: u64,
}

impl Runs {
    /// The last of eleven (or eight) set bits in a row, and all after it.
    #[inline(always)]
    fn long(&mut self, one: u64, short: bool) -> u64 {
        let two = one & on(one, self.one, 1);
        let four = two & on(two, self.two, 2);
        let eight = four & on(four, self.four, 4);
        let found = if short { eight } else { eight & on(eight, self.eight, 3) };
        *self = Runs { one, two, four, eight };
        found
    }
}

/// Set bits near to each other, over the ends of blocks.
#[derive(Default)]
struct Near {
    one: u64,
    two: u64,
}

impl Near {
    /// The third of three dots with one to three bytes between them.
    #[inline(always)]
    fn quads(&mut self, one: u64) -> u64 {
        let after = |bits: u64, before: u64| on(bits, before, 2) | on(bits, before, 3) | on(bits, before, 4);
        let two = one & after(one, self.one);
        let found = if two | self.two == 0 { 0 } else { one & after(two, self.two) };
        *self = Near { one, two };
        found
    }

    /// The second of two colons in a row, and the third of three with up to four bytes between them.
    #[inline(always)]
    fn groups(&mut self, one: u64) -> u64 {
        let after = |bits: u64, before: u64| {
            on(bits, before, 1)
                | on(bits, before, 2)
                | on(bits, before, 3)
                | on(bits, before, 4)
                | on(bits, before, 5)
        };
        let two = one & after(one, self.one);
        let found =
            if two | self.two == 0 { 0 } else { one & on(one, self.one, 1) | one & after(two, self.two) };
        *self = Near { one, two };
        found
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

    #[test]
    fn too_many_stretches_are_not_listed() {
        let text = "call 13800138000 ".repeat(64);
        assert_eq!(Survey::of(&text, false).candidates(), None);
        assert_eq!(Survey::default().candidates(), Some(&[][..]));
    }
}
