//! A number as it is written: digits in groups, and what stands around it.

/// Most digits of one number that are looked at.
pub(super) const MAX_DIGITS: usize = 20;
const MAX_GROUPS: usize = 8;

/// The digits from one place on, group by group, as far as they may be one number.
pub(super) struct Written {
    pub digits: [u8; MAX_DIGITS],
    /// How many digits each group has.
    pub sizes: [u8; MAX_GROUPS],
    /// What stands before each group but the first: a space, `-`, `.`, or `(` for anything with a bracket.
    pub joints: [u8; MAX_GROUPS],
    /// Where each group ends.
    pub ends: [usize; MAX_GROUPS],
    pub groups: usize,
}

/// What a number is joined to on its left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing.
    Free,
    /// A word of letters, by a hyphen or an underscore (`tel-138…`).
    Word,
    /// A letter, a digit, or a word with digits: it is part of a code.
    Part,
}

impl Written {
    /// The groups from `start` on, where a digit is.
    pub fn at(text: &[u8], start: usize) -> Written {
        let mut written = Written {
            digits: [0; MAX_DIGITS],
            sizes: [0; MAX_GROUPS],
            joints: [0; MAX_GROUPS],
            ends: [0; MAX_GROUPS],
            groups: 0,
        };
        let (mut at, mut count, mut joint) = (start, 0, 0);
        while written.groups < MAX_GROUPS {
            let end = at + text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let size = end - at;
            if count + size > MAX_DIGITS {
                break;
            }
            written.digits[count..count + size].copy_from_slice(&text[at..end]);
            count += size;
            let group = written.groups;
            (written.sizes[group], written.joints[group], written.ends[group]) = (size as u8, joint, end);
            written.groups += 1;
            let between = text[end..].iter().take_while(|byte| b" -.()+".contains(byte)).count();
            let next = end + between;
            if !(1..=3).contains(&between) || !text.get(next).is_some_and(u8::is_ascii_digit) {
                break;
            }
            joint = match &text[end..next] {
                [one @ (b' ' | b'-' | b'.')] => *one,
                // An address writes a space so.
                [b'+'] => b' ',
                more if more.contains(&b'+') && more.contains(&b' ') => break,
                more if more.contains(&b'(') || more.contains(&b')') => b'(',
                _ => break,
            };
            at = next;
        }
        written
    }

    /// The digits of the first `groups` groups.
    pub fn first(&self, groups: usize) -> &[u8] {
        &self.digits[..self.sizes[..groups].iter().map(|size| usize::from(*size)).sum()]
    }

    /// Whether the first `groups` groups all have the same one of these between them.
    pub fn joined_by(&self, groups: usize, allowed: &[u8]) -> bool {
        let joints = &self.joints[1..groups.max(1)];
        joints.iter().all(|joint| allowed.contains(joint) && *joint == joints[0])
    }
}

/// What stands directly before a number that begins at `start`.
pub(super) fn left(text: &[u8], start: usize) -> Left {
    match text[..start] {
        [.., b'\\', letter] if letter.is_ascii_alphabetic() => Left::Free,
        [.., before] if before.is_ascii_alphanumeric() => Left::Part,
        [.., before, b'-' | b'_' | b'.'] if before.is_ascii_digit() => Left::Part,
        [.., b'-' | b'_' | b'.'] => {
            let word = text[..start].iter().rev().take(32);
            let word = word.take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
            let (mut letters, mut digits) = (0, false);
            for byte in word {
                letters += u32::from(byte.is_ascii_alphabetic());
                digits |= byte.is_ascii_digit();
            }
            match (letters, digits) {
                (0, false) => Left::Free,
                (_, true) => Left::Part,
                // `ORD-`, `SO-`: a code, unless the letters are short for telephone.
                (1..=3, _) if !follows_word_for_phone(text, start) => Left::Part,
                _ if follows_word_for_id(text, start) => Left::Part,
                _ => Left::Word,
            }
        }
        _ => Left::Free,
    }
}

/// Whether a number that ends at `end` goes on: with a letter, a digit or decimals.
pub(super) fn goes_on(text: &[u8], end: usize) -> bool {
    match text[end..] {
        [next, ..] if next.is_ascii_alphanumeric() => true,
        [b'.', next, ..] => next.is_ascii_digit(),
        _ => false,
    }
}

/// Whether the word before `start` says that an order, a product or something else has this number.
pub(super) fn follows_word_for_id(text: &[u8], start: usize) -> bool {
    const WORDS: [&str; 18] = [
        "order",
        "orders",
        "id",
        "ids",
        "no",
        "nr",
        "number",
        "ref",
        "reference",
        "invoice",
        "sku",
        "item",
        "tracking",
        "parcel",
        "ticket",
        "case",
        "ean",
        "isbn",
    ];
    const CHINESE: [&str; 6] = ["订单", "单号", "订单号", "编号", "序号", "条码"];
    let skipped = text[..start].iter().rev().take(4).take_while(|byte| b" #:.=-_\"'".contains(byte)).count();
    // A key of the record, which is no part of its value: the record is looked at as a whole first.
    if text[start - skipped..start].windows(2).any(|two| two == b"\":") {
        return false;
    }
    let before = &text[..start - skipped];
    let before = before.strip_suffix("：".as_bytes()).unwrap_or(before);
    if text[before.len()..start].contains(&b'#')
        || CHINESE.iter().any(|word| before.ends_with(word.as_bytes()))
    {
        return true;
    }
    let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = &before[before.len() - letters..];
    letters > 0 && WORDS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn follows_word_for_phone(text: &[u8], start: usize) -> bool {
    let before = &text[..start - 1];
    let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = &before[before.len() - letters..];
    ["tel", "ph", "mob", "wx", "fon", "sms"].iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

/// Whether a number is all of a text, or of a JSON value.
pub(super) fn is_whole(text: &[u8], start: usize, end: usize) -> bool {
    let around = (&text[..start], &text[end..]);
    matches!(around, ([], []) | ([.., b'"'], [b'"', ..]) | ([.., b'"', b':'], [b',' | b'}', ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_their_joints() {
        let written = Written::at(b"(415) 555-2671 and", 1);
        assert_eq!((written.groups, &written.sizes[..3]), (3, &[3, 3, 4][..]));
        assert_eq!((&written.joints[1..3], written.first(2)), (&b"(-"[..], &b"415555"[..]));
        assert!(Written::at(b"4111 1111 1111 1111", 0).joined_by(4, b" -"));
        assert!(!Written::at(b"4111 1111-1111", 0).joined_by(3, b" -"));
        assert_eq!(Written::at(b"1234567890123456789012", 0).groups, 0);
    }

    #[test]
    fn surroundings() {
        let at = |text: &str| left(text.as_bytes(), text.find("13").unwrap());
        for free in ["13", "tel:13", "电话13", r"\n13", "/13", " -13", "(13"] {
            assert_eq!(at(free), Left::Free, "{free}");
        }
        for word in ["tel-13", "wx_13", "Tel.13"] {
            assert_eq!(at(word), Left::Word, "{word}");
        }
        for part in ["a13", "2026-13", "a716-13", "order-13", "SKU_13"] {
            assert_eq!(at(part), Left::Part, "{part}");
        }
        for id in ["order 13", "Order #13", "订单号：13", "订单13", "id=13"] {
            assert!(follows_word_for_id(id.as_bytes(), id.find("13").unwrap()), "{id}");
        }
        assert!(!follows_word_for_id(b"call 13", 5));
        assert!(!follows_word_for_id(br#"{"order": "13"#, 11), "a key");
    }
}
