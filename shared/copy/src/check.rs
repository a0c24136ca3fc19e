//! Whether a draft holds: as a template, for its channel, and to its brief.

use crate::Wording;
use crate::brief::{CopyBrief, Language};
use crate::sample::{ADDRESS, Kind, MARKUP, Sample, WAY_OUT};
use crate::text_message::parts;
use campaign::{ChannelKind, Message, Rendered, Templates};
use std::collections::BTreeSet;

/// With what a link begins, or goes on, of which the prompt did not tell the whole.
const LEFT_OUT_BEGINS: &str = "[left";

/// The name under which a draft is tried; no file can have it.
const TRIED: &str = "<draft>";

/// Holds a wording to its brief, as the template that it would be: syntax, steps, output and size as of all templates; then
/// what it looks up, prints and links to, its length and its language. `sources` are all templates by name.
///
/// # Errors
/// Everything that is wrong with it, a sentence each.
pub fn check(wording: &Wording, brief: &CopyBrief, sources: &[(String, String)]) -> Result<(), Vec<String>> {
    let plain = brief.is_plain();
    let name = format!("{TRIED}.{}", if plain { "txt" } else { "html" });
    let draft = match message(&name, &wording.subject, Some(&wording.body), brief, sources) {
        Ok(draft) => draft,
        Err(reason) => return Err(vec![reason]),
    };
    let mut wrong = Vec::new();
    for path in draft.looked_up().filter(|path| !brief.fields.iter().any(|field| field == path)) {
        wrong.push(format!("it looks up `{path}`, which it may not; it may: {}", brief.fields.join(", ")));
    }
    let rendered = match rendered(&draft, brief) {
        Ok(rendered) => rendered,
        Err(reason) => {
            wrong.push(reason);
            return Err(wrong);
        }
    };
    let present = message(&brief.present.template, &brief.present.subject, None, brief, sources)
        .and_then(|present| self::rendered(&present, brief))
        .map_or(String::new(), |present| present.html + "\n" + &present.text);
    let is_mixed = present.chars().any(is_han);
    let present = present + "\n" + &brief.present.source;
    // What it shows to somebody made up, and its source, which may show more to others.
    let all = rendered.html.clone() + "\n" + &rendered.text + "\n" + &wording.body;
    if !plain {
        wrong.extend(of_html(&draft, brief, &rendered, [&all, &present], &wording.body));
    }
    wrong.extend(of_links(&all, &present));
    wrong.extend(of_lengths(brief, &rendered));
    wrong.extend(of_language(brief, &rendered, is_mixed));
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The message with a body of its own, or that of a template.
fn message(
    name: &str,
    subject: &str,
    body: Option<&str>,
    brief: &CopyBrief,
    sources: &[(String, String)],
) -> Result<Message, String> {
    let own = body.map(|body| (name.to_owned(), body.to_owned()));
    let templates = Templates::new(sources.iter().cloned().chain(own)).map_err(|error| error.to_string())?;
    Message::new(brief.kind, None, subject, name, &templates).map_err(|error| error.to_string())
}

/// What it reads for somebody made up, whose fields are words, or numbers where the template reckons with them.
fn rendered(message: &Message, brief: &CopyBrief) -> Result<Rendered, String> {
    let render = |kind: Kind| message.render(&Sample::of(brief, kind).context());
    render(Kind::Text).or_else(|error| render(Kind::Number).map_err(|_| error.to_string()))
}

/// What mailboxes run, or might.
const LIVE: [&str; 9] = [
    "<script",
    "<iframe",
    "<form",
    "<object",
    "<embed",
    "<input",
    "<base",
    "javascript:",
    "http-equiv=\"refresh",
];

fn of_html(
    draft: &Message,
    brief: &CopyBrief,
    rendered: &Rendered,
    [html, present]: [&str; 2],
    source: &str,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let (html, present) = (html.to_ascii_lowercase(), present.to_ascii_lowercase());
    for word in LIVE.iter().filter(|word| html.contains(**word) && !present.contains(**word)) {
        wrong.push(format!("it has `{word}`, which has no place in a message"));
    }
    if handlers(&html) > handlers(&present) {
        wrong.push("a tag has an `on…` attribute, which has no place in a message".to_owned());
    }
    let markup = draft.render(&Sample::of(brief, Kind::Markup).context());
    let tight: String = source.chars().filter(|c| !c.is_whitespace()).collect();
    if markup.is_ok_and(|rendered| rendered.html.contains(MARKUP))
        || tight.contains("|safe")
        || tight.contains("autoescape")
    {
        wrong.push("it prints a field without escaping it: leave `safe` and `autoescape` out".to_owned());
    }
    if brief.shows_way_out() && !unescaped(&rendered.html).contains(WAY_OUT) {
        wrong.push("it does not show where to unsubscribe: add a link to {{ unsubscribe_url }}".to_owned());
    }
    wrong
}

/// How many tags have an attribute that runs a script.
fn handlers(html: &str) -> usize {
    let tags = html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
    let is_one = |word: &str| {
        let letters = word.strip_prefix("on").and_then(|rest| rest.split_once('='));
        letters.is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()))
    };
    tags.filter(|tag| tag.split(|c: char| c.is_whitespace() || c == '/' || c == '"').any(is_one)).count()
}

fn of_links(all: &str, present: &str) -> Vec<String> {
    let (known, all) = (links(present), links(all));
    let is_known = |link: &&String| {
        let of_field = [WAY_OUT, ADDRESS].iter().any(|address| {
            link.strip_prefix(address)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '&', '#', '.', ',']))
        });
        // What was left out of the prompt is written in by hand, and is looked at then.
        of_field || known.contains(*link) || link.contains(LEFT_OUT_BEGINS)
    };
    let unknown = all.iter().filter(|link| !is_known(link));
    unknown.map(|link| format!("it links to {link}, to which the present template does not link")).collect()
}

/// Every address in a text or in HTML.
fn links(text: &str) -> BTreeSet<String> {
    let text = unescaped(text);
    let mut found = BTreeSet::new();
    for scheme in ["http://", "https://", "mailto:", "tel:", "\"//", "'//", "data:", "ftp://"] {
        for (at, _) in text.to_ascii_lowercase().match_indices(scheme) {
            let Some(link) = text.get(at..) else { continue };
            let link = link.trim_start_matches(['"', '\'']);
            let end = link.find(|c: char| c.is_whitespace() || "\"'<>()".contains(c)).unwrap_or(link.len());
            found.insert(link[..end].trim_end_matches(['.', ',', ';']).to_owned());
        }
    }
    found
}

/// What escaping makes of addresses, undone.
fn unescaped(html: &str) -> String {
    html.replace("&#x2f;", "/").replace("&amp;", "&")
}

fn of_lengths(brief: &CopyBrief, rendered: &Rendered) -> Vec<String> {
    let mut wrong = Vec::new();
    let count = rendered.subject.chars().count();
    match brief.longest_subject() {
        Some(_) if count == 0 => wrong.push("it has no subject".to_owned()),
        Some(longest) if count > longest => {
            wrong.push(format!("its subject has {count} characters; {longest} is the most"));
        }
        _ => {}
    }
    let text = rendered.text.trim();
    if text.is_empty() {
        wrong.push("it prints nothing".to_owned());
    }
    if brief.kind == ChannelKind::Sms && parts(text) > CopyBrief::PARTS {
        let message =
            format!("it takes {} parts as a text message; {} is the most", parts(text), CopyBrief::PARTS);
        wrong.push(message);
    }
    if let Some(longest) = brief.longest_text().filter(|longest| text.chars().count() > *longest) {
        wrong.push(format!("its text has {} characters; {longest} is the most", text.chars().count()));
    }
    wrong
}

/// `is_mixed`: the present message has Chinese in it, in whatever language it is.
fn of_language(brief: &CopyBrief, rendered: &Rendered, is_mixed: bool) -> Option<String> {
    let mut letters = rendered.subject.chars().chain(rendered.text.chars());
    let is_right = match brief.language {
        Language::Chinese => letters.any(is_han),
        Language::English => is_mixed || !letters.any(is_han),
    };
    (!is_right).then(|| format!("it is not in {}", brief.language.name()))
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}
