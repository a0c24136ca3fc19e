//! Addresses of machines on the internet.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// The IPv4 address that begins at `start`, where a digit is that belongs to nothing before it. A version of a program written alike is none: one that
/// stands behind `v`, behind the word, behind a program's name (`Chrome/126.0.0.0`), or ends in zeros.
pub(super) fn v4(text: &[u8], start: usize) -> Option<(Range<usize>, Ipv4Addr)> {
    if is_version(&text[..start]) {
        return None;
    }
    let (mut octets, mut at) = ([0u8; 4], start);
    for (n, octet) in octets.iter_mut().enumerate() {
        if n > 0 {
            at += usize::from(text.get(at) == Some(&b'.'));
        }
        let digits = text[at..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&text[at..at + digits]).ok()?;
        if text.len() > 1 && text.starts_with('0') {
            return None;
        }
        *octet = text.parse().ok()?;
        at += digits;
    }
    if super::number::goes_on(text, at) {
        return None;
    }
    let address = Ipv4Addr::from(octets);
    let nobody =
        octets[0] == 0 || octets[1..] == [0, 0, 0] || address.is_loopback() || address.is_broadcast();
    (!nobody).then_some((start..at, address))
}

/// The IPv6 address around `at`, where a colon is, and where the search goes on. Words may be joined to it by colons or
/// dots (`mailto:2001:db8::7:8`).
pub(super) fn v6(text: &[u8], at: usize, floor: usize) -> (Option<(Range<usize>, Ipv6Addr)>, usize) {
    let of_address = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let mut start = at - text[floor..at].iter().rev().take_while(of_address).count();
    let mut end = at + text[at..].iter().take_while(of_address).count();
    let next = end;
    if end - start > 64 {
        return (None, next);
    }
    let of_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let joins = |byte: &u8| matches!(byte, b':' | b'.');
    let mut joined = false;
    if of_word(text.get(end)) {
        end = text[start..end].iter().rposition(joins).map_or(start, |last| start + last);
        joined = true;
    }
    if start > 0 && of_word(text.get(start - 1)) {
        start = text[start..end].iter().position(joins).map_or(end, |first| start + first + 1);
        joined = true;
    }
    // The punctuation around it is none of its own.
    while end > start
        && (text[end - 1] == b'.' || text[start..end].ends_with(b":") && !text[start..end].ends_with(b"::"))
    {
        end -= 1;
    }
    if text[start..end].starts_with(b":") && !text[start..end].starts_with(b"::") {
        start += 1;
    }
    // `face::before` is none.
    let groups = text[start..end].split(|byte| *byte == b':').filter(|group| !group.is_empty()).count();
    if joined && groups < 3 {
        return (None, next);
    }
    let address = std::str::from_utf8(&text[start..end]).ok().and_then(|text| text.parse::<Ipv6Addr>().ok());
    let somebody =
        |address: &Ipv6Addr| !address.is_loopback() && address.segments().iter().any(|part| *part > 0xff);
    (address.filter(somebody).map(|address| (start..end, address)), next)
}

fn is_version(before: &[u8]) -> bool {
    if let [rest @ .., b'v' | b'V'] = before {
        return !matches!(rest.last(), Some(byte) if byte.is_ascii_alphanumeric());
    }
    if let Some(name) = before.strip_suffix(b"/") {
        let letters = name.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let word = &name[name.len() - letters..];
        let alone = !matches!(name[..name.len() - letters], [.., b'/']);
        return alone && word.first().is_some_and(u8::is_ascii_uppercase);
    }
    let words = before.trim_ascii_end();
    let words = [":", "："].iter().find_map(|colon| words.strip_suffix(colon.as_bytes())).unwrap_or(words);
    let words = match words.trim_ascii_end() {
        [words @ .., b'-' | b'_'] => words,
        words => words,
    };
    ["version", "release", "build", "ver", "ver.", "version.", "release.", "build.", "版本", "版本号"]
        .iter()
        .any(|word| {
            words.len() >= word.len()
                && words[words.len() - word.len()..].eq_ignore_ascii_case(word.as_bytes())
        })
}
