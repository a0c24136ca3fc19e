//! What links of messages are marked with, so that a shop's own statistics tell where visits come from.

use crate::plain_text::decode;
use serde::Deserialize;
use std::ops::Range;

/// The parameters that are added to links, as the settings or a campaign state them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Utm {
    /// Whether links are marked, where that is stated.
    pub mark: Option<bool>,
    /// `utm_source`; `rondo` if not stated.
    pub source: Option<String>,
    /// `utm_medium`; the channel if not stated.
    pub medium: Option<String>,
    /// `utm_campaign`; the campaign's name if not stated.
    pub campaign: Option<String>,
    /// `utm_content`; the step's name if not stated.
    pub content: Option<String>,
}

/// The parameters of one message's links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkMarks([(&'static str, String); 4]);

impl Utm {
    /// What marks the links of a step's message: what the campaign states, else what the deployment does. `None` where
    /// neither wants any, or the campaign wants none.
    pub fn of(
        deployment: Option<&Utm>,
        own: Option<&Utm>,
        campaign: &str,
        step: &str,
        channel: &str,
    ) -> Option<LinkMarks> {
        let stated = [own, deployment];
        let wanted =
            stated.iter().flatten().find_map(|utm| utm.mark).unwrap_or(stated.iter().any(Option::is_some));
        let text = |field: fn(&Utm) -> &Option<String>, default: &str| {
            stated.iter().flatten().find_map(|utm| field(utm).clone()).unwrap_or_else(|| default.to_owned())
        };
        wanted.then(|| {
            LinkMarks([
                ("utm_source", text(|utm| &utm.source, "rondo")),
                ("utm_medium", text(|utm| &utm.medium, channel)),
                ("utm_campaign", text(|utm| &utm.campaign, campaign)),
                ("utm_content", text(|utm| &utm.content, step)),
            ])
        })
    }
}

impl LinkMarks {
    /// The HTML with its links marked. What leads nowhere on the web, what is marked already, and `unsubscribe_url`
    /// stay as they are.
    pub(crate) fn mark_html(&self, html: &str, unsubscribe_url: &str) -> String {
        let mut out = String::with_capacity(html.len() + 256);
        let mut rest = html;
        while let Some(href) = next_href(rest) {
            out.push_str(&rest[..href.start]);
            let written = &rest[href.clone()];
            let address = decode(written);
            match self.mark(address.trim(), unsubscribe_url) {
                Some(marked) => out.push_str(&escape(&marked)),
                None => out.push_str(written),
            }
            rest = &rest[href.end..];
        }
        out.push_str(rest);
        out
    }

    /// The address with what it does not say yet; `None` where it stays.
    fn mark(&self, address: &str, unsubscribe_url: &str) -> Option<String> {
        let scheme = address.split_once("://")?.0;
        if address == unsubscribe_url || !["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
        {
            return None;
        }
        let (page, fragment) =
            address.split_once('#').map_or((address, None), |(page, rest)| (page, Some(rest)));
        let query = page.split_once('?').map_or("", |(_, query)| query);
        let mut marked = page.to_owned();
        for (name, value) in &self.0 {
            let has = query.split('&').any(|pair| pair.split('=').next() == Some(name));
            if has || value.is_empty() {
                continue;
            }
            let joint = match marked.find('?') {
                None => "?",
                Some(_) if marked.ends_with(['?', '&']) => "",
                Some(_) => "&",
            };
            marked = format!("{marked}{joint}{name}={}", percent_encoded(value));
        }
        if let Some(fragment) = fragment {
            marked = format!("{marked}#{fragment}");
        }
        Some(marked)
    }
}

/// Where the address of the next link stands, without its quotes.
fn next_href(html: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(open) = html[from..].find('<').map(|at| from + at) {
        if html[open..].starts_with("<!--") {
            from = open + html[open..].find("-->")?;
            continue;
        }
        let name = html.as_bytes().get(open + 1..open + 3).unwrap_or_default();
        if matches!(name, [b'a' | b'A', space] if space.is_ascii_whitespace())
            && let Some(href) = href_of(html, open + 2)
        {
            return Some(href);
        }
        from = open + 1;
    }
    None
}

/// The value of `href` in the tag whose attributes begin there.
fn href_of(html: &str, from: usize) -> Option<Range<usize>> {
    let bytes = html.as_bytes();
    let skip = |mut at: usize, space: fn(&u8) -> bool| {
        while bytes.get(at).is_some_and(space) {
            at += 1;
        }
        at
    };
    let mut at = from;
    loop {
        at = skip(at, |byte| byte.is_ascii_whitespace() || *byte == b'/');
        let start = at;
        at = skip(at, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'>' | b'/'));
        let name = &html[start..at];
        at = skip(at, u8::is_ascii_whitespace);
        if bytes.get(at)? != &b'=' {
            if name.is_empty() {
                return None;
            }
            continue;
        }
        at = skip(at + 1, u8::is_ascii_whitespace);
        let quote = bytes.get(at).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let value = match quote {
            Some(quote) => {
                let end = html[at + 1..].find(char::from(quote))?;
                at + 1..at + 1 + end
            }
            None => at..skip(at, |byte| !byte.is_ascii_whitespace() && *byte != b'>'),
        };
        if name.eq_ignore_ascii_case("href") {
            return Some(value);
        }
        at = value.end + usize::from(quote.is_some());
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_whitespace() => out.push_str("%20"),
            c => out.push(c),
        }
    }
    out
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
