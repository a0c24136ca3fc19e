//! Splitting streams into lines: against a plain splitter, over long lines, cut streams and resumption.

use import_data::{Lines, Position, decoded};
use proptest::prelude::*;
use std::io::{self, Read, Write};

/// Gives out a few bytes at a time, then perhaps an error.
struct Trickle<'a> {
    bytes: &'a [u8],
    step: usize,
    error: Option<io::Error>,
}

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty()
            && let Some(error) = self.error.take()
        {
            return Err(error);
        }
        let count = self.step.min(into.len()).min(self.bytes.len());
        into[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes = &self.bytes[count..];
        Ok(count)
    }
}

/// Number, offset and bytes of each line.
type Found = Vec<(u64, u64, Vec<u8>)>;

fn all(source: impl Read, from: Position, max: usize) -> (Found, Position) {
    let mut lines = Lines::new(source, from);
    let mut found = Vec::new();
    while let Some(batch) = lines.next_batch(max).unwrap() {
        assert!(!batch.lines.is_empty() && batch.lines.len() <= max);
        for line in batch.lines {
            assert_eq!(line.length, batch.bytes(line).len() as u64);
            found.push((line.number, line.offset, batch.bytes(line).to_vec()));
        }
    }
    (found, lines.position())
}

/// What the lines of a short text are, by the standard library's splitter.
fn expected(text: &[u8]) -> Found {
    let mut offset = 0;
    let mut found = Vec::new();
    for (index, piece) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line = piece.strip_suffix(b"\n").unwrap_or(piece);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.trim_ascii().is_empty() {
            found.push((index as u64 + 1, offset, line.to_vec()));
        }
        offset += piece.len() as u64;
    }
    found
}

#[test]
fn line_ends_and_byte_order_mark() {
    let (found, end) = all(&b"\xef\xbb\xbfone\r\n\r\n  \ntwo\n\nthree"[..], Position::default(), 10);
    let expected = [(1, 0, b"one".to_vec()), (4, 13, b"two".to_vec()), (6, 18, b"three".to_vec())];
    assert_eq!(found, expected);
    assert_eq!(end, Position { bytes: 23, lines: 6 });
    assert_eq!(all(&b"\xef\xbb\xbf"[..], Position::default(), 10).0, []);
    assert_eq!(all(&b""[..], Position::default(), 10), (vec![], Position::default()));
}

#[test]
fn a_long_line_is_passed_over_and_the_next_ones_read() {
    let long = 10_000_000;
    let text = [&b"first\n"[..], &vec![b'x'; long], b"\nsecond\n", &vec![b'y'; long]].concat();
    let mut lines = Lines::new(&text[..], Position::default());
    let mut found = Vec::new();
    while let Some(batch) = lines.next_batch(100).unwrap() {
        for line in batch.lines {
            found.push((line.number, line.offset, line.length, batch.bytes(line).len()));
        }
    }
    let long = long as u64;
    assert_eq!(
        found,
        [(1, 0, 5, 5), (2, 6, long, 32 * 1024), (3, long + 7, 6, 6), (4, long + 14, long, 32 * 1024)]
    );
    assert_eq!(lines.position(), Position { bytes: text.len() as u64, lines: 4 });
}

#[test]
fn lines_across_the_ends_of_the_buffer() {
    // Lengths from a linear congruential generator, so that lines end everywhere around each MiB.
    let mut seed = 1u32;
    let mut text = Vec::new();
    while text.len() < 5 << 20 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = (seed >> 16) as usize % 5_000;
        text.extend((0..length).map(|n| b'a' + (n % 26) as u8));
        text.extend_from_slice(if seed & 1024 == 0 { b"\n" } else { b"\r\n" });
    }
    for step in [7_001, usize::MAX] {
        let (found, end) = all(Trickle { bytes: &text, step, error: None }, Position::default(), 1_000);
        assert!(found == expected(&text));
        assert_eq!(end.bytes, text.len() as u64);
    }
}

#[test]
fn lines_as_long_as_the_buffer() {
    for length in [(1 << 20) - 2, (1 << 20) - 1, 1 << 20, (1 << 20) + 1] {
        for end in ["", "\n", "\nlast", "\n\nlast\n"] {
            let text = [&vec![b'x'; length][..], end.as_bytes()].concat();
            let mut lines = Lines::new(&text[..], Position::default());
            let mut found = Vec::new();
            while let Some(batch) = lines.next_batch(5).unwrap() {
                found.extend(batch.lines.iter().map(|line| (line.number, line.offset, line.length)));
            }
            let expected: Vec<_> =
                expected(&text).iter().map(|(n, at, line)| (*n, *at, line.len() as u64)).collect();
            assert_eq!(found, expected, "{length} {end:?}");
            assert_eq!(lines.position().bytes, text.len() as u64);
        }
    }
}

#[test]
fn an_error_comes_after_the_whole_lines_before_it() {
    let source =
        Trickle { bytes: b"one\ntwo\nthr", step: 4, error: Some(io::ErrorKind::ConnectionReset.into()) };
    let mut lines = Lines::new(source, Position::default());
    let batch = lines.next_batch(10).unwrap().unwrap();
    assert_eq!(batch.lines.len(), 2);
    assert_eq!(batch.end, Position { bytes: 8, lines: 2 });
    assert_eq!(lines.next_batch(10).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(lines.position(), Position { bytes: 8, lines: 2 });
    assert!(lines.next_batch(10).unwrap().is_none());
}

#[test]
fn gzip_is_told_by_its_first_bytes() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    // Two members one after the other are one stream.
    let packed = [gzip(b"one\ntw"), gzip(b"o\n")].concat();
    let (found, _) = all(decoded(io::Cursor::new(packed.clone())).unwrap(), Position::default(), 10);
    assert_eq!(found, expected(b"one\ntwo\n"));
    let cut = packed[..packed.len() - 12].to_vec();
    let mut lines = Lines::new(decoded(io::Cursor::new(cut)).unwrap(), Position::default());
    assert_eq!(lines.next_batch(10).unwrap().unwrap().lines.len(), 1);
    assert_eq!(lines.next_batch(10).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    for short in [&b""[..], b"a", b"\x1f"] {
        let (found, _) = all(decoded(io::Cursor::new(short.to_vec())).unwrap(), Position::default(), 10);
        assert_eq!(found, expected(short));
    }
}

proptest! {
    #[test]
    fn lines_are_what_the_plain_splitter_says(
        text in prop::collection::vec(prop::sample::select(&b"ab {\"\r\n\n"[..]), 0..400),
        step in 1usize..50,
        max in 1usize..20,
    ) {
        let (found, end) = all(Trickle { bytes: &text, step, error: None }, Position::default(), max);
        prop_assert_eq!(found, expected(&text));
        prop_assert_eq!(end.bytes, text.len() as u64);
    }

    #[test]
    fn going_on_from_any_batch_gives_the_rest(
        text in prop::collection::vec(prop::sample::select(&b"ab\r\n"[..]), 0..400),
        max in 1usize..5,
        stop in 0usize..50,
    ) {
        let mut lines = Lines::new(&text[..], Position::default());
        let mut taken = 0;
        for _ in 0..stop {
            match lines.next_batch(max).unwrap() {
                Some(batch) => taken += batch.lines.len(),
                None => break,
            }
        }
        let at = lines.position();
        prop_assert_eq!(Position::parse(&at.to_string()), Some(at));
        let (rest, _) = all(&text[at.bytes as usize..], at, 7);
        prop_assert_eq!(&rest[..], &expected(&text)[taken..]);
    }
}
