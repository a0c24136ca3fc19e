//! The bytes of a body, decompressed within bounds.

use crate::Request;
use event::{Code, Rejection};
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::io::Read;

/// Largest body as it is sent, in bytes (the Segment spec's limit of a batch).
pub const MAX_SENT: usize = 500 * 1024;
/// Largest body once decompressed, in bytes.
const MAX_DECOMPRESSED: usize = 4 << 20;
/// How many times its size a body may grow to. JSON of events shrinks 5 to 30 times; what grows beyond this
/// was made to.
const MAX_RATIO: usize = 200;

/// The request's body as JSON bytes: decompressed where its header says gzip, or its first bytes do.
pub(crate) fn plain_body<'a>(request: &Request<'a>) -> Result<Cow<'a, [u8]>, Rejection> {
    let body = request.body;
    if body.len() > MAX_SENT {
        return Err(too_large(format!(
            "{} bytes; a body may have {MAX_SENT}, compressed or not",
            body.len()
        )));
    }
    let encoding = request.header("content-encoding").unwrap_or_default();
    if body.starts_with(&[0x1f, 0x8b]) {
        return decompress(body).map(Cow::Owned);
    }
    // Proxies that decompress may leave the header in place, so that bytes count for more than it does.
    if encoding.is_empty() || encoding.eq_ignore_ascii_case("identity") || body.starts_with(b"{") {
        return Ok(Cow::Borrowed(body));
    }
    let reason = if encoding.eq_ignore_ascii_case("gzip") {
        "the body is not gzip, as its Content-Encoding says"
    } else {
        "the body has a Content-Encoding other than gzip; send it as gzip or as it is"
    };
    Err(Rejection::new(Code::InvalidJson, "", reason))
}

fn decompress(body: &[u8]) -> Result<Vec<u8>, Rejection> {
    let limit = MAX_DECOMPRESSED.min(body.len().saturating_mul(MAX_RATIO));
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(body).take(limit as u64 + 1).read_to_end(&mut plain);
    if plain.len() > limit {
        return Err(too_large(format!(
            "the decompressed body passes {limit} bytes; send at most {MAX_DECOMPRESSED}, and {MAX_RATIO} times \
             the compressed size"
        )));
    }
    match read {
        Ok(_) => Ok(plain),
        Err(_) => Err(Rejection::new(Code::InvalidJson, "", "the gzip body is damaged or cut short")),
    }
}

fn too_large(reason: String) -> Rejection {
    Rejection::new(Code::TooLarge, "", reason)
}
