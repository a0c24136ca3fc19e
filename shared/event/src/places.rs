//! Where in a text a number or an address of a machine may stand: sets of bytes that are near to each other, found as
//! bits, block by block.

/// Where candidates were found so far.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    short: bool,
    runs: Runs,
    dots: Near,
    colons: Near,
    at: usize,
    /// Where the stretches begin in which there are candidates, and one bit a byte, the first lowest.
    pub found: [(usize, u64); Places::LISTED],
    /// How many were found, also beyond those that are listed.
    pub count: usize,
}

impl Places {
    /// Bytes of one block.
    pub const BLOCK: usize = 64;
    /// How many stretches are listed.
    const LISTED: usize = 8;

    pub fn new(short: bool) -> Places {
        let (dots, colons) = (Near::default(), Near::default());
        Places {
            short,
            runs: Runs::default(),
            dots,
            colons,
            at: 0,
            found: [(0, 0); Places::LISTED],
            count: 0,
        }
    }

    /// Takes the next block: where bytes of runs, dots and colons are in it, one bit a byte.
    #[inline(never)] // else the compiler takes the bytes that make a bit apart one by one
    pub fn block(&mut self, runs: u64, dots: u64, colons: u64) {
        let candidates =
            self.runs.long(runs, self.short) | self.dots.quads(dots) | self.colons.groups(colons);
        if candidates != 0 {
            self.note(candidates);
        }
        self.at += Places::BLOCK;
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
#[derive(Debug, Clone, Default)]
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
#[derive(Debug, Clone, Default)]
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
