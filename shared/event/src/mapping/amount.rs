//! Numbers and amounts of money as sources write them, kept exact: they stay decimal digits throughout.

use crate::money::Currency;

/// A number as JSON writes it. Thousands separators, blanks, and before and behind an amount also currency signs
/// and codes are passed over; `comma` says that the comma is the decimal mark. Nothing where it is no number.
pub(super) fn decimal(text: &str, comma: bool, signs: bool) -> Option<String> {
    let text = text.trim();
    let text = match signs {
        true => text.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '+' | '.' | ',')),
        false => text,
    };
    let (mark, group) = if comma { (',', '.') } else { ('.', ',') };
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => {
            ("-", if signs { rest.trim_start_matches(|c: char| !c.is_ascii_digit()) } else { rest })
        }
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(number) = scientific(unsigned, comma) {
        return Some(format!("{sign}{number}"));
    }
    let (whole, fraction) = unsigned.split_once(mark).unwrap_or((unsigned, ""));
    let blank = |c: char| c == group || c == ' ' || c == '\u{a0}' || c == '\u{202f}' || c == '\'';
    let groups: Vec<&str> = whole.split(blank).collect();
    let grouped = groups.len() == 1
        || (!groups[0].is_empty()
            && groups[0].len() <= 3
            && groups[1..].iter().all(|group| group.len() == 3));
    let digits: String = groups.concat();
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !grouped || !all_digits(&digits) || !all_digits(fraction) || (digits.is_empty() && fraction.is_empty())
    {
        return None;
    }
    if digits.len() + fraction.len() > 30 {
        return None;
    }
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    Some(if fraction.is_empty() { format!("{sign}{digits}") } else { format!("{sign}{digits}.{fraction}") })
}

/// Minor units (`1295`) as the major units that a currency writes (`12.95`); nothing where there are fractions of them.
pub(super) fn of_minor(number: &str, currency: Currency) -> Option<String> {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let (digits, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || fraction.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let places = currency.exponent() as usize;
    if places == 0 {
        return Some(format!("{sign}{digits}"));
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, cents) = padded.split_at(padded.len() - places);
    Some(format!("{sign}{whole}.{cents}"))
}

/// A number with an exponent, which programs write.
fn scientific(text: &str, comma: bool) -> Option<String> {
    if comma || !text.bytes().any(|byte| matches!(byte, b'e' | b'E')) {
        return None;
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    Some(serde_json::Value::from(number).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("5", "5"),
            ("77.00", "77.00"),
            ("007", "7"),
            ("-1,234,567.50", "-1234567.50"),
            (".5", "0.5"),
            ("1e3", "1000.0"),
            ("0", "0"),
        ] {
            assert_eq!(decimal(text, false, false).as_deref(), Some(expected), "{text}");
        }
        for wrong in ["", "-", "five", "1,5", "1,23,456", "1.2.3", "12 EUR", "NaN", "inf", "--1", "1e999"] {
            assert_eq!(decimal(wrong, false, false), None, "{wrong}");
        }
        assert_eq!(decimal("1.234,56", true, false).as_deref(), Some("1234.56"));
        assert_eq!(decimal("1 234,5", true, false).as_deref(), Some("1234.5"));
        assert_eq!(decimal("€ 1.234,56", true, true).as_deref(), Some("1234.56"));
        assert_eq!(decimal("-$12.95", false, true).as_deref(), Some("-12.95"));
        assert_eq!(decimal("12.95 USD", false, true).as_deref(), Some("12.95"));
        assert_eq!(decimal("￥128", false, true).as_deref(), Some("128"));
    }

    #[test]
    fn minor_units() {
        let of = |number: &str, code| of_minor(number, Currency::parse(code).unwrap());
        assert_eq!(of("1295", "EUR").as_deref(), Some("12.95"));
        assert_eq!(of("-5", "EUR").as_deref(), Some("-0.05"));
        assert_eq!(of("1200", "JPY").as_deref(), Some("1200"));
        assert_eq!(of("1", "KWD").as_deref(), Some("0.001"));
        assert_eq!(of("12.00", "EUR").as_deref(), Some("0.12"));
        assert_eq!(of("12.5", "EUR"), None);
    }
}
