//! Amounts of money as whole minor units of a currency.

use crate::text::trim;
use std::fmt;

/// An ISO 4217 code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// No currency (ISO 4217 `XXX`).
    pub(crate) const NONE: Currency = Currency(*b"XXX");

    /// The currency of a code in any case, or `None` where it is not three ASCII letters.
    pub fn parse(text: &str) -> Option<Currency> {
        let bytes: [u8; 3] = trim(text).as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphabetic).then(|| Currency(bytes.map(|b| b.to_ascii_uppercase())))
    }

    /// The code, for example `EUR`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many decimal digits the minor unit has (ISO 4217).
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in major units (12.95) as whole minor units (1295), rounded half away from zero.
/// `None` where it is not finite or its minor units pass 2^53, beyond which a double is not exact.
pub fn minor_units(amount: f64, currency: Currency) -> Option<i64> {
    let scaled = amount * 10f64.powi(currency.exponent() as i32);
    // 1.005 is stored as 1.00499…; nudging by less than any representable half keeps decimal halves up.
    let rounded = (scaled + scaled.signum() * scaled.abs() * f64::EPSILON).round();
    (rounded.abs() < 9_007_199_254_740_992.0).then_some(rounded as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(amount: f64, code: &str) -> Option<i64> {
        minor_units(amount, Currency::parse(code).unwrap())
    }

    #[test]
    fn minor_units_follow_the_currency() {
        assert_eq!(minor(12.95, "eur"), Some(1295));
        assert_eq!(minor(1.005, "EUR"), Some(101));
        assert_eq!(minor(-1.005, "EUR"), Some(-101));
        assert_eq!(minor(1200.0, "JPY"), Some(1200));
        assert_eq!(minor(1.2345, "KWD"), Some(1235));
        assert_eq!(minor(f64::NAN, "EUR"), None);
        assert_eq!(minor(1e300, "EUR"), None);
        assert_eq!(Currency::parse("E1R"), None);
    }
}
