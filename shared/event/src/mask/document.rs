//! Numbers that carry a check of their own: bank cards and resident identity cards.

/// Whether digits are a bank card's: 13 to 19 of them, beginning like a card of a known network (ISO/IEC 7812), with
/// Luhn's check digit (ISO/IEC 7812-1, annex B).
pub(super) fn is_card(digits: &[u8]) -> bool {
    (13..=19).contains(&digits.len()) && network(digits) && luhn(digits)
}

/// Whether digits and the last character are a resident identity number of the People's Republic of China (GB
/// 11643-1999): region, date of birth, serial number, and the check character of ISO 7064 MOD 11-2.
pub(super) fn is_resident_id(digits: &[u8; 17], check: u8) -> bool {
    let number = |range: std::ops::Range<usize>| {
        digits[range].iter().fold(0u32, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    let region =
        matches!(number(0..2), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83);
    let dated = matches!((number(6..10), number(10..12), number(12..14)), (1880..=2099, 1..=12, 1..=31));
    let sum: u32 = digits.iter().enumerate().map(|(n, digit)| u32::from(digit - b'0') * weight(17 - n)).sum();
    region && dated && b"10X98765432"[sum as usize % 11] == check.to_ascii_uppercase()
}

/// 2 to the power of `place`, modulo 11.
fn weight(place: usize) -> u32 {
    (1u32 << place) % 11
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (u32::from(digit - b'0'), place % 2) {
            (digit, 0) => digit,
            (digit, _) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != digits[0])
}

fn network(digits: &[u8]) -> bool {
    let first = digits[..4].iter().fold(0u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    let len = digits.len();
    match first {
        // Visa
        4000..=4999 => matches!(len, 13 | 16 | 19),
        // Mastercard, Mir
        5100..=5599 | 2221..=2720 | 2200..=2204 => len == 16,
        // American Express
        3400..=3499 | 3700..=3799 => len == 15,
        // Diners Club
        3000..=3059 | 3600..=3699 | 3800..=3999 => (14..=19).contains(&len),
        // JCB
        3528..=3589 => len >= 16,
        // UnionPay, Discover
        6200..=6299 | 8100..=8199 | 6011 | 6440..=6599 => len >= 16,
        // Maestro
        5018 | 5020 | 5038 | 5893 | 6304 | 6759..=6763 => len >= 16,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_that_networks_publish_for_tests() {
        for card in [
            "4111111111111111",
            "4222222222222",
            "4012888888881881",
            "5555555555554444",
            "5105105105105100",
            "2223003122003222",
            "378282246310005",
            "371449635398431",
            "30569309025904",
            "36227206271667",
            "6011111111111117",
            "3530111333300000",
            "6200000000000005",
            "6759649826438453",
        ] {
            assert!(is_card(card.as_bytes()), "{card}");
        }
        for other in
            ["4111111111111112", "0000000000000000", "1795341600000", "20261122100000", "9111111111111119"]
        {
            assert!(!is_card(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn resident_numbers() {
        let is = |text: &str| {
            let (digits, check) = text.as_bytes().split_first_chunk().unwrap();
            is_resident_id(digits, check[0])
        };
        // The sample of GB 11643-1999, and one of the Wikipedia article on it.
        for sample in ["11010519491231002X", "11010519491231002x", "440524188001010014"] {
            assert!(is(sample), "{sample}");
        }
        for other in ["110105194912310021", "11010519491331002X", "99010519491231002X", "202611221000000018"]
        {
            assert!(!is(other), "{other}");
        }
    }
}
