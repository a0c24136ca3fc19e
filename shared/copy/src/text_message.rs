//! How long a text message is.

/// The basic characters of GSM 03.38 (3GPP TS 23.038, 6.2.1), each one septet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§\
                     ¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Those of its extension table, each two septets.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// How many parts a text message is sent, and billed, as: 160 septets or 70 UTF-16 units fit into one, 153 or 67 into each
/// of several.
pub fn parts(text: &str) -> usize {
    let septets = |c: char| match c {
        c if BASIC.contains(c) => Some(1),
        c if EXTENDED.contains(c) => Some(2),
        _ => None,
    };
    let (length, one, of_several) = match text.chars().map(septets).sum::<Option<usize>>() {
        Some(septets) => (septets, 160, 153),
        None => (text.encode_utf16().count(), 70, 67),
    };
    if length <= one { 1 } else { length.div_ceil(of_several) }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_by_alphabet() {
        for (text, count) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            ("茶".repeat(70), 1),
            ("茶".repeat(71), 2),
            ("茶".repeat(135), 3),
            // A letter that is in no table makes all of it UCS-2.
            (format!("{}ł", "a".repeat(70)), 2),
            ("🍵".repeat(35), 1),
        ] {
            assert_eq!(parts(&text), count, "{text}");
        }
    }
}
