//! What the values of a column look like.

use event::{normalise_email, normalise_phone, parse_time};
use std::collections::HashSet;

/// What is known of a column by its values.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    pub name: String,
    pub content: Content,
    /// Whether no two rows hold the same.
    pub unique: bool,
    /// Whether the comma is the decimal mark.
    pub comma: bool,
    /// Whether any row holds anything.
    pub filled: bool,
    /// Length of the longest value, in characters.
    pub longest: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Email,
    Phone,
    Ip,
    Currency,
    Boolean,
    Time(Time),
    Integer,
    Number,
    Text,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Time {
    pub format: Option<&'static str>,
    pub unit: Option<&'static str>,
    pub has_zone: bool,
    /// Another format that fits as well.
    pub or: Option<&'static str>,
}

/// Formats that exports are written in, of which the first that fits all values is taken.
const FORMATS: [&str; 24] = [
    "%Y-%m-%d %H:%M:%S %z",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日",
    "%b %d, %Y",
    "%d %b %Y",
    "%d/%b/%Y:%H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%m/%d/%y",
];

const WORDS: [&str; 12] = ["true", "false", "yes", "no", "y", "n", "t", "f", "on", "off", "是", "否"];

impl Summary {
    pub fn of<'v>(name: &str, values: impl Iterator<Item = &'v str> + Clone) -> Summary {
        let filled: Vec<&str> = values.clone().map(str::trim).filter(|value| !value.is_empty()).collect();
        let distinct: HashSet<&str> = filled.iter().copied().collect();
        let all = |fits: &dyn Fn(&str) -> bool| !filled.is_empty() && filled.iter().all(|value| fits(value));
        let most = |fits: &dyn Fn(&str) -> bool| {
            let fitting = filled.iter().filter(|value| fits(value)).count();
            fitting > 0 && fitting * 10 >= filled.len() * 9
        };
        let lower = name.to_lowercase();
        let about_time = ["date", "time", "_at", "created", "updated", "日期", "时间", "since", "birth"]
            .iter()
            .any(|word| lower.contains(word));
        let about_phone = ["phone", "mobile", "tel", "手机", "电话"].iter().any(|word| lower.contains(word));
        let number = |value: &str| is_number(value, ',', '.');
        let comma = !all(&number) && all(&|value| is_number(value, '.', ','));
        let whole = |value: &str| value.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
        let time = time(&filled, about_time);
        let content = if most(&|value| normalise_email(value).is_some()) {
            Content::Email
        } else if about_phone && most(&|value| normalise_phone(value, "CN").is_some() || value.len() >= 7) {
            Content::Phone
        } else if most(&|value| value.parse::<std::net::IpAddr>().is_ok()) {
            Content::Ip
        } else if let Some(time) = time {
            Content::Time(time)
        } else if all(&|value| WORDS.iter().any(|word| word.eq_ignore_ascii_case(value))) {
            Content::Boolean
        } else if all(&|value| value.len() == 3 && value.bytes().all(|b| b.is_ascii_uppercase()))
            && lower.contains("curr")
        {
            Content::Currency
        // What is numbered with leading zeros is a name.
        } else if all(&|value| whole(value) && value.len() < 16)
            && !filled.iter().any(|v| v.len() > 1 && v.starts_with('0'))
        {
            Content::Integer
        } else if all(&number) || comma {
            Content::Number
        } else {
            Content::Text
        };
        Summary {
            name: name.to_owned(),
            content,
            unique: filled.len() > 1 && distinct.len() == filled.len(),
            comma,
            filled: !filled.is_empty(),
            longest: filled.iter().map(|value| value.chars().count()).max().unwrap_or(0),
        }
    }
}

/// Digits with this separator of thousands and this decimal mark, perhaps with a currency sign.
fn is_number(value: &str, group: char, mark: char) -> bool {
    let value = value.trim_matches(|c: char| "€$£¥￥ ".contains(c)).trim_start_matches('-');
    let (whole, fraction) = value.split_once(mark).unwrap_or((value, "0"));
    let groups: Vec<&str> = whole.split(group).collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(fraction)
        && groups.iter().all(|part| digits(part))
        && (groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|part| part.len() == 3)))
        && !(whole.len() > 1 && whole.starts_with('0') && !value.contains(mark))
}

fn time(values: &[&str], about_time: bool) -> Option<Time> {
    let first = values.first()?;
    let digits = values.iter().all(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    let lengths = |length: usize| values.iter().all(|value| value.len() == length);
    let none = Time { format: None, unit: None, has_zone: true, or: None };
    if digits {
        let recent = |value: &str| value.starts_with(['1', '2']);
        if !about_time || !values.iter().all(|value| recent(value)) {
            return None;
        }
        return match first.len() {
            8 if lengths(8) && fits(values, "%Y%m%d") => {
                Some(Time { format: Some("%Y%m%d"), has_zone: false, ..none })
            }
            10 if lengths(10) => Some(Time { unit: Some("s"), ..none }),
            13 if lengths(13) => Some(Time { unit: Some("ms"), ..none }),
            _ => None,
        };
    }
    let iso = |value: &str| {
        value.len() >= 8 && value.as_bytes().get(4) == Some(&b'-') && parse_time(value).is_some()
    };
    if values.iter().all(|value| iso(value)) {
        let zoned = |value: &str| value.ends_with(['Z', 'z']) || value[8..].contains(['+', '-']);
        return Some(Time { has_zone: values.iter().all(|value| value.is_ascii() && zoned(value)), ..none });
    }
    let mut fitting = FORMATS.into_iter().filter(|format| fits(values, format));
    let format = fitting.next()?;
    let has_zone = format.ends_with("%z");
    Some(Time { format: Some(format), unit: None, has_zone, or: fitting.next() })
}

fn fits(values: &[&str], format: &str) -> bool {
    values.iter().all(|value| {
        jiff::fmt::strtime::parse(format, value)
            .is_ok_and(|parts| parts.to_date().is_ok() || parts.to_timestamp().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(name: &str, values: &[&str]) -> Content {
        Summary::of(name, values.iter().copied()).content
    }

    fn format(
        name: &str,
        values: &[&str],
    ) -> (Option<&'static str>, Option<&'static str>, Option<&'static str>) {
        match content(name, values) {
            Content::Time(time) => (time.format, time.unit, time.or),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn contents() {
        assert_eq!(content("x", &["ann@example.com", "", "bob@example.org"]), Content::Email);
        assert_eq!(content("Mobile", &["138 0013 8000"]), Content::Phone);
        assert_eq!(content("order", &["13800138000"]), Content::Integer);
        assert_eq!(content("zip", &["01234", "10115"]), Content::Text);
        assert_eq!(content("total", &["1,234.50", "7"]), Content::Number);
        assert_eq!(content("total", &["1.234,50", "7,5"]), Content::Number);
        assert!(Summary::of("total", ["1.234,50", "7,5"].into_iter()).comma);
        assert_eq!(content("opt", &["yes", "No"]), Content::Boolean);
        assert_eq!(content("c", &["203.0.113.7"]), Content::Ip);
        assert_eq!(content("v", &["", ""]), Content::Text);
    }

    #[test]
    fn times() {
        assert_eq!(format("d", &["2026-01-02", "2026-01-02 10:00:00"]), (None, None, None));
        assert_eq!(format("created_at", &["1795341600"]), (None, Some("s"), None));
        assert_eq!(format("time", &["1795341600000"]), (None, Some("ms"), None));
        assert_eq!(format("date", &["19970101"]), (Some("%Y%m%d"), None, None));
        assert_eq!(content("number", &["19970101"]), Content::Integer);
        assert_eq!(format("d", &["31.12.2026 18:30"]), (Some("%d.%m.%Y %H:%M"), None, None));
        assert_eq!(format("d", &["1/2/2026"]).2, Some("%d/%m/%Y"));
        assert_eq!(format("d", &["1/2/2026", "31/12/2026"]), (Some("%d/%m/%Y"), None, None));
    }
}
