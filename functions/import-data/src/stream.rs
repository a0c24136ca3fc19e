//! Streams of bytes, decompressed and put into UTF-8.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use flate2::read::MultiGzDecoder;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A stream of bytes, decompressed where it has to be.
pub type Source = Box<dyn Read + Send>;

/// How a stream is compressed, told by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// How many bytes tell.
    pub const MAGIC: usize = 4;

    pub fn of(head: &[u8]) -> Compression {
        match head {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            _ => Compression::None,
        }
    }

    pub fn decoder(self, stream: impl Read + Send + 'static) -> io::Result<Source> {
        Ok(match self {
            Compression::None => Box::new(stream),
            Compression::Gzip => Box::new(MultiGzDecoder::new(stream)),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(stream)?),
        })
    }
}

/// The stream as it is, or decompressed where it begins like gzip or zstd.
pub fn decoded(mut stream: impl Read + Send + 'static) -> io::Result<Source> {
    let mut magic = Vec::with_capacity(Compression::MAGIC);
    stream.by_ref().take(Compression::MAGIC as u64).read_to_end(&mut magic)?;
    let compression = Compression::of(&magic);
    compression.decoder(Cursor::new(magic).chain(stream))
}

/// How much of a stream is looked at to tell what it is: its heading has to be in it.
pub(crate) const HEAD: u64 = 64 * 1024;

/// A decompressed stream whose beginning is known.
pub(crate) struct Peeked {
    pub compression: Compression,
    pub transcoded: bool,
    head: Vec<u8>,
    /// An error that comes behind the beginning.
    error: Option<io::Error>,
    rest: Source,
}

impl Peeked {
    pub fn of(mut stream: impl Read + Send + 'static) -> io::Result<Peeked> {
        let mut magic = Vec::with_capacity(Compression::MAGIC);
        stream.by_ref().take(Compression::MAGIC as u64).read_to_end(&mut magic)?;
        let compression = Compression::of(&magic);
        let rest = compression.decoder(Cursor::new(magic).chain(stream))?;
        Ok(Peeked { compression, transcoded: false, head: Vec::new(), error: None, rest }.peek())
    }

    /// The same in UTF-8.
    pub fn in_utf8(self, named: Option<&str>) -> io::Result<Peeked> {
        let Some(encoding) = encoding_of(&self.head, named) else { return Ok(self) };
        let compression = self.compression;
        let rest: Source = Box::new(Transcoded::new(self.whole(), encoding));
        Ok(Peeked { compression, transcoded: true, head: Vec::new(), error: None, rest }.peek())
    }

    fn peek(mut self) -> Peeked {
        self.error = self.rest.by_ref().take(HEAD).read_to_end(&mut self.head).err();
        self
    }

    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// All of it, from its beginning.
    pub fn whole(self) -> Source {
        let head = Cursor::new(self.head);
        match self.error {
            Some(error) => Box::new(head.chain(Broken(Some(error)))),
            None => Box::new(head.chain(self.rest)),
        }
    }
}

/// A stream that was broken off.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The encoding of a text: the one that is named, or UTF-16 by its mark; nothing for UTF-8.
pub(crate) fn encoding_of(head: &[u8], named: Option<&str>) -> Option<&'static Encoding> {
    let marked = Encoding::for_bom(head).map(|(encoding, _)| encoding);
    let named = || named.and_then(|label| Encoding::for_label(label.as_bytes()));
    marked.or_else(named).filter(|encoding| *encoding != UTF_8)
}

/// Puts a text into UTF-8. Bytes that are none of the encoding become U+FFFD.
pub(crate) struct Transcoded<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Transcoded<R> {
    pub fn new(source: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder();
        Transcoded { source, decoder, raw: vec![0; 16 * 1024], text: Vec::new(), given: 0, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        let read = self.source.read(&mut self.raw)?;
        self.ended = read == 0;
        let room = self.decoder.max_utf8_buffer_length(read).unwrap_or(read * 4 + 16);
        self.text.resize(room, 0);
        let (result, _, written, _) =
            self.decoder.decode_to_utf8(&self.raw[..read], &mut self.text, self.ended);
        debug_assert_eq!(result, CoderResult::InputEmpty);
        self.text.truncate(written);
        self.given = 0;
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let count = into.len().min(self.text.len() - self.given);
        into[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// Counts what is read.
pub(crate) struct Counted<R> {
    pub source: R,
    pub count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], label: &str) -> String {
        let mut text = String::new();
        Transcoded::new(bytes, encoding_of(bytes, Some(label)).unwrap()).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn texts_of_other_encodings() {
        assert_eq!(text(&[0xd5, 0xc5, 0xc8, 0xfd, b',', b'1'], "gb18030"), "张三,1");
        assert_eq!(text(b"caf\xe9", "windows-1252"), "café");
        assert_eq!(text(b"\xff\xfea\0,\0\x20\x5f\n\0", ""), "a,张\n");
        let long = [0xd5, 0xc5].repeat(20_001);
        assert_eq!(text(&[&b"x"[..], &long].concat(), "gbk"), format!("x{}", "张".repeat(20_001)));
        assert!(encoding_of(b"\xef\xbb\xbfabc", Some("utf-8")).is_none());
        assert!(encoding_of(b"abc", None).is_none());
    }
}
