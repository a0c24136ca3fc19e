//! Time spans as people write them in files: `30m`, `3d`, `1h 30m`.

use event::{DAY, HOUR, MINUTE, SECOND};

/// A span in ms, from a number with a unit (`s`, `m`, `h`, `d`, `w`) or several of them. `None` for anything
/// else, and beyond ten years.
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut total = 0i64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = match rest[digits..].chars().next()? {
            's' => SECOND,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            'w' => 7 * DAY,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = rest[digits + 1..].trim_start();
    }
    (total <= 3_653 * DAY).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!(parse_duration("3d"), Some(3 * DAY));
        assert_eq!(parse_duration(" 1h 30m"), Some(90 * MINUTE));
        assert_eq!(parse_duration("0s"), Some(0));
        for bad in ["", "3", "d", "3 days", "-1d", "99999999w", "3D"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
