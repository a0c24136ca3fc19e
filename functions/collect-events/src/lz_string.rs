//! lz-string, as older clients of PostHog compress: LZ78 over UTF-16, its bits six to a sign of base64.

/// Why a text was not decompressed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LzError {
    Damaged,
    /// It passes the limit.
    TooLarge,
}

/// What `compressToBase64` of lz-string 1.5 made of a text. `limit` is the most UTF-16 units that are unpacked.
pub(crate) fn decompress(base64: &str, limit: usize) -> Result<String, LzError> {
    let mut bits = Bits { signs: base64.trim().as_bytes(), at: 0, bit: 0 };
    let mut text: Vec<u16> = Vec::new();
    // Every word stands in the text already: where, and how long it is. The first three numbers are commands.
    let mut words: Vec<(usize, usize)> = vec![(0, 0); 3];
    // How many more words there may be before a number has one bit more.
    let (mut room, mut width) = (4u64, 3);
    let mut before = match bits.take(2)? {
        2 => return Ok(String::new()),
        command => bits.unit(command)?,
    };
    text.push(before);
    let mut word = (0, 1);
    words.push(word);
    loop {
        let mut number = bits.take(width)? as usize;
        match number {
            0 | 1 => {
                before = bits.unit(number as u64)?;
                // It comes to stand behind the text.
                words.push((text.len(), 1));
                number = words.len() - 1;
                room -= 1;
            }
            2 => return String::from_utf16(&text).map_err(|_| LzError::Damaged),
            _ => {}
        }
        if room == 0 {
            (room, width) = (1 << width, width + 1);
        }
        let start = text.len();
        match words.get(number) {
            Some((at, _)) if *at == start => text.push(before),
            Some((at, len)) => text.extend_from_within(*at..at + len),
            None if number == words.len() => {
                text.extend_from_within(word.0..word.0 + word.1);
                text.push(text[word.0]);
            }
            None => return Err(LzError::Damaged),
        }
        if text.len() > limit {
            return Err(LzError::TooLarge);
        }
        // The word before, and the unit behind it.
        words.push((word.0, word.1 + 1));
        room -= 1;
        word = (start, text.len() - start);
        if room == 0 {
            (room, width) = (1 << width, width + 1);
        }
    }
}

/// The bits of a text, the lowest of a number first.
struct Bits<'s> {
    signs: &'s [u8],
    at: usize,
    /// Of the sign, from its highest.
    bit: u32,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Result<u64, LzError> {
        let mut number = 0;
        for place in 0..count {
            let sign = *self.signs.get(self.at).ok_or(LzError::Damaged)?;
            let value = value_of(sign).ok_or(LzError::Damaged)?;
            number |= u64::from(value >> (5 - self.bit) & 1) << place;
            self.bit += 1;
            if self.bit == 6 {
                (self.at, self.bit) = (self.at + 1, 0);
            }
        }
        Ok(number)
    }

    /// A unit of UTF-16 behind its command: 0 says that it has eight bits, 1 sixteen.
    fn unit(&mut self, command: u64) -> Result<u16, LzError> {
        match command {
            0 => Ok(self.take(8)? as u16),
            1 => Ok(self.take(16)? as u16),
            _ => Err(LzError::Damaged),
        }
    }
}

fn value_of(sign: u8) -> Option<u8> {
    Some(match sign {
        b'A'..=b'Z' => sign - b'A',
        b'a'..=b'z' => sign - b'a' + 26,
        b'0'..=b'9' => sign - b'0' + 52,
        // An address turns a `+` into a space.
        b'+' | b'-' | b' ' => 62,
        b'/' | b'_' => 63,
        b'=' => 0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_compressed() {
        let batch = include_str!("../tests/lz-string/batch.txt");
        for (compressed, text) in [
            ("Q===", ""),
            ("IZA=", "a"),
            ("IY18ZpA=", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("BYUwNmD2AEoTcpA=", "hello hello hello"),
        ] {
            assert_eq!(decompress(compressed, 100).as_deref(), Ok(text));
        }
        let text = decompress(batch, 100_000).unwrap();
        assert!(text.contains(
            r#"{"event":"Seen 59","distinct_id":"u-3","properties":{"n":467221,"note":"茶壶 é 😀"}}]}"#
        ));
    }

    #[test]
    fn what_is_damaged_or_too_large() {
        let batch = include_str!("../tests/lz-string/batch.txt");
        for damaged in ["", "I", "電話", "////////", &batch[..batch.len() / 2], "IY18Zp"] {
            assert_eq!(decompress(damaged, 100_000), Err(LzError::Damaged), "{damaged}");
        }
        let spaces = include_str!("../tests/lz-string/spaces.txt");
        assert_eq!(decompress(spaces, 400_000).map(|text| text.len()), Ok(400_000));
        assert_eq!(decompress(spaces, 399_999), Err(LzError::TooLarge));
    }
}
