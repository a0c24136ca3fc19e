//! The bytes of a body, decompressed within bounds.

use crate::Request;
use crate::lz_string::{self, LzError};
use crate::parameters::decoded;
use crate::route::Form;
use event::dialect::base64;
use event::{Code, Rejection};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use memchr::memmem;
use std::borrow::Cow;
use std::io::Read;

/// Largest body that any address takes, in bytes, as it is sent and decompressed.
pub const MAX_SENT: usize = 4 << 20;
/// Largest body of most addresses as it is sent (the Segment spec's limit of a batch).
const MAX_BATCH_SENT: usize = 500 * 1024;
/// How many times its size a body may grow to. JSON of events shrinks 5 to 30 times; what grows beyond this
/// was made to.
const MAX_RATIO: usize = 200;
/// Largest window of zstd, as a power of two of bytes: of no more use than the largest body is long.
const MAX_WINDOW: u32 = MAX_SENT.ilog2() + 1;

/// The request's body as the bytes of its records: decompressed where its header says so or its first bytes do, and
/// taken out of the form that some clients put it into.
pub(crate) fn plain_body<'a>(request: &Request<'a>, form: Form) -> Result<Cow<'a, [u8]>, Rejection> {
    let body = request.body;
    let limit = limit(body, form);
    if body.len() > limit {
        return Err(too_large(format!(
            "{} bytes; a body may have {limit} here, compressed or not",
            body.len()
        )));
    }
    let plain = decompressed(body, request.header("content-encoding").unwrap_or_default())?;
    let compression = request.parameter("compression").unwrap_or_default();
    match form {
        // Data of any type.
        Form::CloudEvents => Ok(plain),
        Form::PostHog if is_lz(compression) && !plain.is_empty() && !is_form(&plain) && !is_json(&plain) => {
            let text = std::str::from_utf8(&plain).unwrap_or_default();
            lz_text(text).map(|text| Cow::Owned(text.into_bytes()))
        }
        _ => match data_of_form(&plain, compression)? {
            Some(data) => Ok(Cow::Owned(data)),
            None => Ok(plain),
        },
    }
}

/// How long a body may be as it is sent.
fn limit(body: &[u8], form: Form) -> usize {
    match form {
        Form::Import | Form::PostHog | Form::Beacon => MAX_SENT,
        // Segment and RudderStack share an address, and differ in how much they send to it. Only a library of the
        // latter names itself so.
        Form::Batch(_) if body.len() > MAX_BATCH_SENT && memmem::find(body, b"udder").is_some() => MAX_SENT,
        _ => MAX_BATCH_SENT,
    }
}

fn decompressed<'a>(body: &'a [u8], encoding: &str) -> Result<Cow<'a, [u8]>, Rejection> {
    let limit = MAX_SENT.min(body.len().saturating_mul(MAX_RATIO));
    if body.starts_with(&[0x1f, 0x8b]) {
        return bounded(MultiGzDecoder::new(body), limit).map(Cow::Owned);
    }
    if body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let broken = |_| Rejection::new(Code::InvalidJson, "", "the compressed body is damaged or cut short");
        let mut decoder = zstd::stream::read::Decoder::new(body).map_err(broken)?;
        // What its head asks for is memory, whatever the body then holds.
        decoder.window_log_max(MAX_WINDOW).map_err(broken)?;
        return bounded(decoder, limit).map(Cow::Owned);
    }
    // Proxies that decompress may leave the header in place, so that bytes count for more than it does.
    let is_plain = encoding.is_empty() || encoding.eq_ignore_ascii_case("identity");
    if is_plain || body.starts_with(b"{") || body.starts_with(b"[") {
        return Ok(Cow::Borrowed(body));
    }
    if encoding.eq_ignore_ascii_case("deflate") {
        return bounded(ZlibDecoder::new(body), limit).map(Cow::Owned);
    }
    let reason = match encoding.to_ascii_lowercase().as_str() {
        "gzip" => "the body is not gzip, as its Content-Encoding says",
        "zstd" => "the body is not zstd, as its Content-Encoding says",
        _ => {
            "the body has a Content-Encoding other than gzip, deflate and zstd; send it as one of them or as it is"
        }
    };
    Err(Rejection::new(Code::InvalidJson, "", reason))
}

/// Reads to the end, or to where it is too much: no byte more is decompressed.
fn bounded(reader: impl Read, limit: usize) -> Result<Vec<u8>, Rejection> {
    let mut plain = Vec::new();
    let read = reader.take(limit as u64 + 1).read_to_end(&mut plain);
    if plain.len() > limit {
        return Err(passes(limit));
    }
    match read {
        Ok(_) => Ok(plain),
        Err(_) => Err(Rejection::new(Code::InvalidJson, "", "the compressed body is damaged or cut short")),
    }
}

fn is_form(body: &[u8]) -> bool {
    let has_data =
        body.starts_with(b"data=") || memmem::find(&body[..body.len().min(200)], b"&data=").is_some();
    has_data && !is_json(body)
}

fn is_json(body: &[u8]) -> bool {
    matches!(body.first(), Some(b'{' | b'['))
}

/// What a form's `data` holds: JSON, or JSON in base64, compressed or not; `compression` is what the address says of it.
/// Nothing of a body that is no form.
fn data_of_form(body: &[u8], compression: &str) -> Result<Option<Vec<u8>>, Rejection> {
    if !is_form(body) {
        return Ok(None);
    }
    let broken =
        || Rejection::new(Code::InvalidJson, "data", "the form's data is neither JSON nor base64 of it");
    let text = std::str::from_utf8(body).map_err(|_| broken())?;
    let field = |wanted: &str| decoded(text).find(|(name, _)| name == wanted).map(|(_, value)| value);
    let data = field("data").ok_or_else(broken)?;
    if data.trim_start().starts_with(['{', '[']) {
        return Ok(Some(data.into_owned().into_bytes()));
    }
    if is_lz(field("compression").as_deref().unwrap_or(compression)) {
        return lz_text(&data).map(|text| Some(text.into_bytes()));
    }
    let bytes = base64::decode(&data).ok_or_else(broken)?;
    decompressed(&bytes, "").map(|plain| Some(plain.into_owned()))
}

/// Whether older clients of PostHog call it so.
fn is_lz(compression: &str) -> bool {
    ["lz64", "lz-string"].iter().any(|name| compression.eq_ignore_ascii_case(name))
}

pub(crate) fn lz_text(base64: &str) -> Result<String, Rejection> {
    let limit = MAX_SENT.min(base64.len().saturating_mul(MAX_RATIO));
    lz_string::decompress(base64, limit).map_err(|error| match error {
        LzError::TooLarge => passes(limit),
        LzError::Damaged => Rejection::new(Code::InvalidJson, "", "the data is not lz-string in base64"),
    })
}

fn passes(limit: usize) -> Rejection {
    too_large(format!(
        "the decompressed body passes {limit} bytes; send at most {MAX_SENT}, and {MAX_RATIO} times the compressed size"
    ))
}

fn too_large(reason: String) -> Rejection {
    Rejection::new(Code::TooLarge, "", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::cell::Cell;
    use std::io::{self, Write};

    /// Counts what is taken out of a reader.
    struct Counted<'c, R>(R, &'c Cell<usize>);

    impl<R: Read> Read for Counted<'_, R> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(into)?;
            self.1.set(self.1.get() + read);
            Ok(read)
        }
    }

    #[test]
    fn a_bomb_of_a_kilobyte_is_not_unpacked() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b' '; 1_000_000]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 1_100, "{}", bomb.len());
        let unpacked = Cell::new(0);
        let limit = MAX_SENT.min(bomb.len() * MAX_RATIO);
        let refused = bounded(Counted(MultiGzDecoder::new(bomb.as_slice()), &unpacked), limit).unwrap_err();
        assert_eq!(refused.code, Code::TooLarge);
        assert!(unpacked.get() <= limit + 1 && limit < 250_000, "{} of a million", unpacked.get());
        let refused = decompressed(&bomb, "gzip").unwrap_err();
        assert_eq!(refused.code, Code::TooLarge);
    }
}
