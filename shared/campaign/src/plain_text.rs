//! The text part of an e-mail, made from its HTML.

/// What a reader without HTML is shown: the text, one line a block, links with their address behind.
/// Never fails; of HTML that is none it makes what it can.
pub(crate) fn plain_text(html: &str) -> String {
    let mut out = Text::default();
    let mut links: Vec<(String, usize)> = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        out.push(&decode(&rest[..open]));
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(tag) = Tag::read(rest) else {
            out.push("<");
            rest = &rest[1..];
            continue;
        };
        rest = &rest[tag.len..];
        match (tag.name.as_str(), tag.closes) {
            ("script" | "style" | "head" | "title", false) => rest = after_end(rest, &tag.name),
            ("br", _) => out.line(),
            (
                "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "ul" | "ol" | "blockquote" | "hr",
                _,
            ) => {
                out.paragraph();
            }
            ("div" | "tr" | "section" | "header" | "footer" | "body" | "html", _) => out.line(),
            ("td" | "th", true) => out.push(" "),
            ("li", false) => {
                out.line();
                out.push("- ");
            }
            ("li", true) => out.line(),
            ("a", false) => links.push((tag.attribute("href").unwrap_or_default(), out.text.len())),
            ("a", true) => {
                if let Some((address, start)) = links.pop()
                    && address.starts_with("http")
                    && !out.text[start.min(out.text.len())..].contains(&address)
                {
                    out.push(&format!(" ({address})"));
                }
            }
            ("img", _) => out.push(&tag.attribute("alt").unwrap_or_default()),
            _ => {}
        }
    }
    out.push(&decode(rest));
    out.finish()
}

/// Text with white space folded as a browser does.
#[derive(Default)]
struct Text {
    text: String,
    space: bool,
    breaks: usize,
}

impl Text {
    fn push(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() {
                self.space = true;
                continue;
            }
            if self.breaks > 0 && !self.text.is_empty() {
                self.text.extend(std::iter::repeat_n('\n', self.breaks));
            } else if self.space && !self.text.is_empty() {
                self.text.push(' ');
            }
            (self.breaks, self.space) = (0, false);
            self.text.push(c);
        }
    }

    fn line(&mut self) {
        self.breaks = self.breaks.max(1);
    }

    fn paragraph(&mut self) {
        self.breaks = 2;
    }

    fn finish(mut self) -> String {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text
    }
}

/// A tag at the start of some HTML.
struct Tag<'a> {
    name: String,
    closes: bool,
    attributes: &'a str,
    /// Bytes, from `<` to `>`.
    len: usize,
}

impl<'a> Tag<'a> {
    fn read(html: &'a str) -> Option<Tag<'a>> {
        let inner = &html[1..];
        let (closes, named) = match inner.strip_prefix('/') {
            Some(named) => (true, named),
            None => (false, inner),
        };
        if !named.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!') {
            return None;
        }
        let mut quote = None;
        let end = html.char_indices().find_map(|(at, c)| {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(c),
                (None, '>') => return Some(at),
                (Some(open), c) if open == c => quote = None,
                _ => {}
            }
            None
        })?;
        let body = &html[1 + usize::from(closes)..end];
        let name_end = body.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(body.len());
        Some(Tag {
            name: body[..name_end].to_ascii_lowercase(),
            closes,
            attributes: &body[name_end..],
            len: end + 1,
        })
    }

    fn attribute(&self, name: &str) -> Option<String> {
        let mut rest = self.attributes;
        while let Some((key, after)) = rest.split_once('=') {
            let key = key.split_whitespace().next_back().unwrap_or_default();
            let after = after.trim_start();
            let (value, tail) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            if key.eq_ignore_ascii_case(name) {
                return Some(decode(value));
            }
            rest = tail;
        }
        None
    }
}

/// What stands behind the end of an element whose content is not shown.
fn after_end<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some(at) = rest.find("</") {
        rest = &rest[at..];
        match Tag::read(rest) {
            Some(tag) if tag.name == name => return &rest[tag.len..],
            _ => rest = &rest[2..],
        }
    }
    ""
}

/// Replaces the entities that templates and escaping write.
pub(crate) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest[1..].split_once(';').map(|(name, _)| name).filter(|name| name.len() <= 8);
        match entity.and_then(|name| Some((name, character(name)?))) {
            Some((name, c)) => {
                out.push(c);
                rest = &rest[name.len() + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    if let Some(number) = entity.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "copy" => '©',
        "euro" => '€',
        "pound" => '£',
        "yen" => '¥',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "middot" => '·',
        "times" => '×',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    #[test]
    fn blocks_links_and_entities() {
        let html = r#"<html><head><title>T</title><style>p > a {}</style></head><body>
            <h1>Hello&nbsp;Ann</h1><p>Your  <b>kettle</b> costs
            20&nbsp;&euro; &amp; ships &#39;free&#x27;.</p><ul><li>one<li>two</ul>
            <a href="https://s.example/a?b=1&amp;c=2">Buy</a><br>Bye <img alt="Logo" src=x></body></html>"#;
        assert_eq!(
            plain_text(html),
            "Hello Ann\n\nYour kettle costs 20 € & ships 'free'.\n\n- one\n- two\n\n\
             Buy (https://s.example/a?b=1&c=2)\nBye Logo\n"
        );
    }

    #[test]
    fn what_is_not_html_stays() {
        assert_eq!(plain_text("1 < 2 & 3 > 2 <3"), "1 < 2 & 3 > 2 <3\n");
        assert_eq!(plain_text("<script>x<"), "");
        assert_eq!(plain_text("<a href="), "<a href=\n");
        assert_eq!(plain_text("中文<br/>文"), "中文\n文\n");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(html in "[<>/a&;#\"'= x中!-]{0,60}") {
            plain_text(&html);
        }
    }
}
