//! The compact encoding of everything that is stored or queued: tagged fields in LEB128 varints.
//!
//! A record is a run of fields, each `tag, length, bytes`. A reader passes over tags that it does not
//! know, and a missing field is its default, so that a later release reads older records, and an older
//! one reads newer records as far as it understands them. Integers are little-endian base-128; signed
//! ones are zigzag coded (the Protocol Buffers encoding guide describes both).

/// Bytes that ended too early, or a varint too long: the record is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored record is damaged: it ends early or holds an impossible number")]
pub struct Damaged;

/// Appends a varint.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed varint.
#[inline]
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends a length and its bytes.
#[inline]
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a field whose content `write` appends; nothing at all where that is empty.
#[inline]
pub fn put_field(out: &mut Vec<u8>, tag: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    // One byte holds most lengths; a longer field is moved up once its length is known.
    out.extend_from_slice(&[tag, 0]);
    write(out);
    let len = out.len() - start - 2;
    if len == 0 {
        out.truncate(start);
    } else if len < 0x80 {
        out[start + 1] = len as u8;
    } else {
        let mut head = [0u8; 10];
        let mut size = 0;
        let mut rest = len;
        while rest >= 0x80 {
            head[size] = rest as u8 | 0x80;
            rest >>= 7;
            size += 1;
        }
        head[size] = rest as u8;
        out.extend_from_slice(&head[..size]);
        out.copy_within(start + 2..start + 2 + len, start + 2 + size);
        out[start + 1..start + 2 + size].copy_from_slice(&head[..=size]);
    }
}

/// Appends a text field; nothing for an empty text.
#[inline]
pub fn put_text(out: &mut Vec<u8>, tag: u8, text: &str) {
    if !text.is_empty() {
        out.push(tag);
        put_bytes(out, text.as_bytes());
    }
}

/// Reads what the functions above wrote.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.rest.split_first().ok_or(Damaged)?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    pub fn varint(&mut self) -> Result<u64, Damaged> {
        let mut value = 0u64;
        for (i, &byte) in self.rest.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        Err(Damaged)
    }

    #[inline]
    pub fn signed(&mut self) -> Result<i64, Damaged> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Damaged> {
        if len > self.rest.len() {
            return Err(Damaged);
        }
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        self.take(N)?.try_into().map_err(|_| Damaged)
    }

    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let len = self.varint()?;
        self.take(usize::try_from(len).map_err(|_| Damaged)?)
    }

    #[inline]
    pub fn text(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged)
    }

    /// The next field: its tag and content. `None` at the end.
    #[inline]
    pub fn field(&mut self) -> Result<Option<(u8, Reader<'a>)>, Damaged> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.byte()?;
        Ok(Some((tag, Reader { rest: self.bytes()? })))
    }

    /// All that is left, as text.
    #[inline]
    pub fn rest_text(self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.rest).map_err(|_| Damaged)
    }

    /// All that is left.
    #[inline]
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, signed: i64, text in ".{0,300}", tag in 1u8..) {
            let mut out = Vec::new();
            put_field(&mut out, tag, |out| {
                put_varint(out, number);
                put_signed(out, signed);
                put_bytes(out, text.as_bytes());
            });
            let mut reader = Reader::new(&out);
            let (read_tag, mut field) = reader.field().unwrap().unwrap();
            prop_assert_eq!(read_tag, tag);
            prop_assert_eq!(field.varint().unwrap(), number);
            prop_assert_eq!(field.signed().unwrap(), signed);
            prop_assert_eq!(field.text().unwrap(), text);
            prop_assert!(reader.field().unwrap().is_none());
        }

        #[test]
        fn damage_is_an_error_not_a_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while let Ok(Some((_, mut field))) = reader.field() {
                let _ = field.varint().and_then(|_| field.text());
            }
        }
    }
}
