//! Base64 as addresses and forms carry it.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// The bytes of a text in either alphabet, padded or not. A `+` that an address turned into a space is one again.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let standard = text.trim().bytes().map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        b' ' => b'+',
        byte => byte,
    });
    ENGINE.decode(standard.collect::<Vec<u8>>()).ok()
}
