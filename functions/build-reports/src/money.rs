//! Numbers and amounts as people read them.

use event::Currency;

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    grouped(u128::from(number))
}

/// An amount of minor units: `€1,234.50`. Cents are left out from a thousand on where `brief`.
pub(crate) fn amount(minor: i64, currency: &str, brief: bool) -> String {
    let exponent = Currency::parse(currency).map_or(2, Currency::exponent);
    let unit = 10u64.pow(exponent);
    let size = minor.unsigned_abs();
    let (mut whole, part) = (size / unit, size % unit);
    let fraction = if exponent == 0 {
        String::new()
    } else if brief && whole >= 1_000 {
        whole += u64::from(part * 2 >= unit);
        String::new()
    } else {
        format!(".{part:0width$}", width = exponent as usize)
    };
    let sign = if minor < 0 { "−" } else { "" };
    format!("{sign}{}{}{fraction}", symbol(currency), grouped(u128::from(whole)))
}

/// The same for an axis: `€1.5k`.
pub(crate) fn axis(minor: f64, currency: &str) -> String {
    let exponent = Currency::parse(currency).map_or(2, Currency::exponent);
    let major = minor / 10f64.powi(exponent as i32);
    let (scaled, suffix) = match major.abs() {
        size if size >= 1e9 => (major / 1e9, "bn"),
        size if size >= 1e6 => (major / 1e6, "m"),
        size if size >= 1e3 => (major / 1e3, "k"),
        _ => (major, ""),
    };
    let sign = if scaled < 0.0 { "−" } else { "" };
    let rounded = (scaled.abs() * 100.0).round() / 100.0;
    format!("{sign}{}{rounded}{suffix}", symbol(currency))
}

/// A share of 0 to 1: `12.3%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

fn symbol(currency: &str) -> String {
    match currency {
        "EUR" => "€".into(),
        "USD" => "$".into(),
        "GBP" => "£".into(),
        "CNY" => "CN¥".into(),
        "JPY" => "¥".into(),
        "XXX" => String::new(),
        code => format!("{code} "),
    }
}

fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_follow_their_currency() {
        assert_eq!(amount(99_950, "EUR", true), "€999.50");
        assert_eq!(amount(123_450, "EUR", true), "€1,235");
        assert_eq!(amount(-1_234_567, "USD", true), "−$12,346");
        assert_eq!(amount(1_234_567, "USD", false), "$12,345.67");
        assert_eq!(amount(1_200, "JPY", false), "¥1,200");
        assert_eq!(amount(5, "KWD", false), "KWD 0.005");
        assert_eq!(axis(150_000.0, "EUR"), "€1.5k");
        assert_eq!(axis(-250.0, "USD"), "−$2.5");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(percent(0.1234), "12.3%");
    }
}
