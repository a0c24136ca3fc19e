//! An export as one page that a person can read, in Chinese and English, without anything from elsewhere.

use crate::page_words::{self, words};
use event::{DAY, iso_time};
use serde_json::{Map, Value};
use std::fmt::Write;

/// The sections of the page, in their order: what the person knows of themselves first.
const SECTIONS: [&str; 11] = [
    "personal_data",
    "identifiers",
    "profile",
    "messages",
    "waiting_messages",
    "journeys",
    "sent_copies",
    "events",
    "quarantined",
    "access_log",
    "merged_people",
];

/// Numbers beyond this are times: UTC ms since the year 2001.
const EARLIEST_TIME: i64 = 11_323 * DAY;

/// The page of an export. Every text of it is escaped.
pub fn page(export: &Value) -> String {
    let mut out = String::with_capacity(16 << 10);
    let text = |name: &str| export[name].as_str().unwrap_or_default();
    _ = write!(
        out,
        "<!doctype html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>您的数据 · Your data</title><style>{STYLE}</style></head><body>\
         <header><h1>您的数据 <small>Your data</small></h1><p>{} {}<br><span>{} {}</span></p></header>\n",
        escaped("生成时间 Made at"),
        escaped(&readable(text("made_at")).unwrap_or_else(|| text("made_at").to_owned())),
        escaped("编号 Reference"),
        escaped(text("request")),
    );
    if export["restricted"].as_bool() == Some(true) {
        let (chinese, english) = page_words::RESTRICTED;
        _ = write!(out, "<p class=\"note\">{}<br>{}</p>", escaped(chinese), escaped(english));
    }
    let shown: Vec<&str> = SECTIONS.into_iter().filter(|name| !is_empty(&export[*name])).collect();
    out += "<nav>";
    for name in &shown {
        let (chinese, english) = words(name);
        let (chinese, english) = (escaped(&chinese), escaped(&english));
        _ = write!(out, "<a href=\"#{name}\">{chinese} <small>{english}</small></a>");
    }
    out += "</nav>\n";
    for name in shown {
        let (chinese, english) = words(name);
        let count = match &export[name] {
            Value::Array(values) => format!(" <span>{}</span>", values.len()),
            _ => String::new(),
        };
        _ = write!(
            out,
            "<section id=\"{name}\"><h2>{} <small>{}</small>{count}</h2>",
            escaped(&chinese),
            escaped(&english)
        );
        if let Some((chinese, english)) = page_words::explanation(name) {
            _ = write!(out, "<p>{}<br><small>{}</small></p>", escaped(chinese), escaped(english));
        }
        show(&mut out, name, &export[name]);
        out += "</section>\n";
    }
    out += "</body></html>\n";
    out
}

/// Whether there is nothing to show of a value.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().all(is_empty),
        Value::Object(fields) => fields.values().all(is_empty),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn show(out: &mut String, name: &str, value: &Value) {
    match value {
        Value::Array(values) => match columns(values) {
            Some(columns) => table(out, &columns, values),
            None => {
                *out += "<ul>";
                for value in values {
                    *out += "<li>";
                    show(out, name, value);
                    *out += "</li>";
                }
                *out += "</ul>";
            }
        },
        Value::Object(fields) => {
            *out += "<dl>";
            // What a program reads stands beside what a person reads.
            let shown = |(name, value): &(&String, &Value)| !is_empty(value) && !name.ends_with("_iso");
            for (name, value) in fields.iter().filter(shown) {
                _ = write!(out, "<dt>{}</dt><dd>", label(name));
                show(out, name, value);
                *out += "</dd>";
            }
            *out += "</dl>";
        }
        Value::String(text) if text.contains('\n') => {
            _ = write!(out, "<pre>{}</pre>", escaped(text));
        }
        scalar => *out += &escaped(&in_words(name, scalar)),
    }
}

/// The columns of a table of objects, those that any of them has, in the order in which they come first.
fn columns(values: &[Value]) -> Option<Vec<&str>> {
    let objects: Vec<&Map<String, Value>> = values.iter().map(Value::as_object).collect::<Option<_>>()?;
    let mut columns: Vec<&str> = Vec::new();
    for (name, value) in objects.iter().flat_map(|object| object.iter()) {
        if !is_empty(value) && !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    Some(columns)
}

fn table(out: &mut String, columns: &[&str], values: &[Value]) {
    *out += "<div><table><thead><tr>";
    for name in columns {
        _ = write!(out, "<th>{}</th>", label(name));
    }
    *out += "</tr></thead><tbody>";
    for value in values {
        *out += "<tr>";
        for name in columns {
            *out += "<td>";
            if !is_empty(&value[*name]) {
                show(out, name, &value[*name]);
            }
            *out += "</td>";
        }
        *out += "</tr>";
    }
    *out += "</tbody></table></div>";
}

/// A field's name in both languages, or as it is where it is the deployment's own.
fn label(name: &str) -> String {
    let (chinese, english) = words(name);
    if chinese == english {
        return escaped(&english);
    }
    format!("{} <small>{}</small>", escaped(&chinese), escaped(&english))
}

fn in_words(name: &str, value: &Value) -> String {
    match value {
        Value::Bool(true) => "是 yes".to_owned(),
        Value::Bool(false) => "否 no".to_owned(),
        Value::String(text) => match page_words::value(name, text) {
            Some((chinese, english)) => format!("{chinese} {english}"),
            None => readable(text).unwrap_or_else(|| text.clone()),
        },
        Value::Number(number) => match number.as_i64() {
            Some(at) if at > EARLIEST_TIME && page_words::is_time(name) => {
                readable(&iso_time(at)).unwrap_or_else(|| iso_time(at))
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A time in ISO 8601, as an export has it, for people: `2026-06-01 05:44:19 UTC`.
fn readable(time: &str) -> Option<String> {
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str, len: usize, mark: char| {
        text.len() == len && text.chars().all(|c| c.is_ascii_digit() || c == mark)
    };
    let clock = clock.split('.').next().unwrap_or_default();
    (digits(date, 10, '-') && digits(clock, 8, ':')).then(|| format!("{date} {clock} UTC"))
}

/// A text as HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

const STYLE: &str = "body{font:15px/1.6 system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif;color:#1d2430;background:#f6f7f9;\
    margin:0 auto;max-width:1100px;padding:1.5rem}h1{margin:0}small{color:#667085;font-weight:400}header span{color:#667085;font-size:.85em}\
    nav{display:flex;flex-wrap:wrap;gap:.4rem;margin:1rem 0}nav a{background:#fff;border:1px solid #d9dee7;border-radius:6px;padding:.2rem .7rem;\
    color:#1d2430;text-decoration:none}section{background:#fff;border:1px solid #e3e7ee;border-radius:10px;padding:1rem 1.3rem;margin:0 0 1rem}\
    h2{font-size:1.15rem;margin:0 0 .4rem}h2 span{color:#667085;font-size:.85em;font-weight:400}p{margin:.3rem 0 .8rem}.note{background:#fff4e0;\
    border:1px solid #f0cf95;border-radius:8px;padding:.7rem 1rem}div{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9em}\
    th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #edf0f4}th{background:#f6f7f9;white-space:nowrap}\
    td{overflow-wrap:break-word;min-width:4rem;max-width:32rem}\
    dl{display:grid;grid-template-columns:minmax(8rem,max-content) minmax(0,1fr);gap:.25rem .9rem;margin:0}\
    dt{color:#475467}dd{margin:0;min-width:0;overflow-wrap:anywhere}ul{margin:0;padding-left:1.2rem}pre{white-space:pre-wrap;\
    margin:0;font-size:.85em}@media(max-width:640px){body{padding:.8rem}section{padding:.8rem}dl{grid-template-columns:minmax(0,1fr);gap:0}\
    dd{padding-left:.9rem;margin-bottom:.35rem}}";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_is_escaped() {
        let export = json!({
            "made_at": "<i>", "request": "\"'&",
            "personal_data": [{"field": "name", "value": "<script>alert(1)</script>"}],
            "profile": {"traits": {"<img src=x>": "a\n<b>"}},
            "events": [{"name": "x", "properties": {"</td>": ["<u>", {"k": "<s>"}]}}],
        });
        let page = page(&export);
        for raw in ["<script", "<img", "<i>", "<u>", "<s>", "<b>", "\"'&"] {
            assert!(!page.contains(raw), "{raw} in {page}");
        }
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        assert!(page.contains("个人信息 <small>Personal data</small>"), "{page}");
    }

    #[test]
    fn times_are_for_people() {
        assert_eq!(readable("2026-06-01T05:44:19.300Z").as_deref(), Some("2026-06-01 05:44:19 UTC"));
        for other in ["2026", "SIZE T1Z", "2026-06-01", "TZ", "日T本Z"] {
            assert_eq!(readable(other), None);
        }
    }

    #[test]
    fn what_there_is_nothing_of_is_left_out() {
        let page =
            page(&json!({"events": [], "profile": null, "messages": [{"state": "sent", "at": "2026"}]}));
        assert!(page.contains("id=\"messages\"") && page.contains("已发送 sent"), "{page}");
        assert!(!page.contains("id=\"events\"") && !page.contains("id=\"profile\""), "{page}");
    }
}
