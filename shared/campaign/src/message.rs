//! The message of a step: its templates, and what they become for one person.

use crate::creative::{Chosen, Creative, Part};
use crate::on_site::OnSite;
use crate::plain_text::plain_text;
use crate::template::{TemplateError, Templates};
use crate::utm::LinkMarks;
use minijinja::value::{Serde, Value};
use person::ON_SITE;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// How a message leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    #[default]
    Email,
    Webhook,
    /// A text message to a telephone.
    Sms,
    /// A message to an app on a mobile device.
    Push,
    /// A message that waits in a placement for who comes to the site.
    #[serde(rename = "on_site")]
    OnSite,
}

/// A step's message, checked and ready to be rendered.
#[derive(Debug, Clone)]
pub struct Message {
    pub kind: ChannelKind,
    /// The name that consent, caps and webhook settings go by: `email`, `sms`, `push`, `on_site`, or the webhook's name.
    pub channel: String,
    /// The subject's template, one line.
    pub subject: String,
    /// The name of the body's template. One that ends in `.txt` is text alone; any other is HTML, from
    /// which the text is made. Who has a language for which there is a template beside it gets that one:
    /// `welcome.zh.html` beside `welcome.html`.
    pub template: String,
    templates: Templates,
    /// Paths that subject and body look up, `kept.name`.
    paths: BTreeSet<String>,
    /// The same with those of templates that the body includes, or could include.
    all_paths: BTreeSet<String>,
    creative: Option<Arc<Creative>>,
    on_site: Option<OnSite>,
}

/// What a template can look up.
#[derive(Clone, Copy, Serialize)]
pub struct MessageContext<'a> {
    /// The profile as JSON; no personal data.
    pub profile: &'a serde_json::Value,
    /// What the campaign kept of the entry event.
    pub kept: &'a serde_json::Value,
    /// What the journey is keyed by.
    pub key: &'a str,
    /// Fields of the vault: `first_name`, `last_name`, ….
    pub person: &'a BTreeMap<String, String>,
    /// Empty where the message has none.
    pub unsubscribe_url: &'a str,
}

/// A message for one person. It may hold personal data, so only its sizes are printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line; at most [`Message::MAX_SUBJECT`] characters.
    pub subject: String,
    /// Empty where the template is text alone.
    pub html: String,
    pub text: String,
    /// The paths that the templates look up and that were not there; they print as nothing.
    pub missing: Vec<String>,
}

impl Message {
    /// The characters of a subject beyond which it is cut.
    pub const MAX_SUBJECT: usize = 255;

    /// The message of a step. `webhook` is the name of the webhook it leaves by, `webhook` where it is not
    /// stated; an e-mail has none.
    pub fn new(
        kind: ChannelKind,
        webhook: Option<&str>,
        subject: &str,
        template: &str,
        templates: &Templates,
    ) -> Result<Message, TemplateError> {
        let channel = match kind {
            ChannelKind::Email => "email",
            ChannelKind::Webhook => webhook.unwrap_or("webhook"),
            ChannelKind::Sms => "sms",
            ChannelKind::Push => "push",
            ChannelKind::OnSite => ON_SITE,
        };
        let mut paths = templates.paths(template)?;
        paths.extend(templates.subject_paths(subject)?);
        let mut all_paths = templates.included_paths(template);
        for variant in templates.variants(template) {
            all_paths.extend(templates.paths(variant)?);
            all_paths.extend(templates.included_paths(variant));
        }
        all_paths.extend(paths.iter().cloned());
        Ok(Message {
            kind,
            channel: channel.to_owned(),
            subject: subject.to_owned(),
            template: template.to_owned(),
            templates: templates.clone(),
            paths,
            all_paths,
            creative: None,
            on_site: None,
        })
    }

    /// The same with parts that are chosen for each person; what those look up counts as looked up.
    pub(crate) fn with_creative(mut self, creative: Creative) -> Result<Message, TemplateError> {
        for (_, part) in creative.slots.iter().flat_map(|slot| &slot.levels) {
            if let Part::Text(text) = part {
                let paths = self.templates.subject_paths(text)?;
                self.all_paths.extend(paths.iter().cloned());
                self.paths.extend(paths);
            }
        }
        self.creative = Some(Arc::new(creative));
        Ok(self)
    }

    /// What of it is chosen for each person, if anything is.
    pub fn creative(&self) -> Option<&Creative> {
        self.creative.as_deref()
    }

    /// The same, waiting on site.
    pub(crate) fn waiting(mut self, on_site: OnSite) -> Message {
        self.on_site = Some(on_site);
        self
    }

    /// Where and for how long it waits, of one that is shown on site.
    pub fn on_site(&self) -> Option<&OnSite> {
        self.on_site.as_ref()
    }

    /// A slot that the templates show, and the message does not have.
    pub(crate) fn unknown_slot(&self) -> Option<&str> {
        let shown = self.paths.iter().filter_map(|path| path.strip_prefix("creative."));
        let slots = self.creative.iter().flat_map(|creative| &creative.slots);
        let names: Vec<&str> = slots.map(|slot| slot.name.as_str()).collect();
        shown.map(|path| path.split('.').next().unwrap_or(path)).find(|slot| !names.contains(slot))
    }

    /// Checks the source of a template, for the name it has; the error says the line.
    pub fn check(name: &str, source: &str) -> Result<(), TemplateError> {
        Templates::new([(name.to_owned(), source.to_owned())]).map(drop)
    }

    /// The paths that subject and body look up, `kept.name`, without those of templates that the body includes.
    pub fn looked_up(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The fields of the vault that the templates look up: `first_name` for `person.first_name`.
    pub fn person_fields(&self) -> impl Iterator<Item = &str> {
        self.all_paths.iter().filter_map(|path| path.strip_prefix("person."))
    }

    /// The properties of the entry event that subject and body look up: `name` for `kept.name`.
    pub fn kept_fields(&self) -> impl Iterator<Item = &str> {
        let fields = self.paths.iter().filter_map(|path| path.strip_prefix("kept."));
        fields.map(|path| path.split('.').next().unwrap_or(path))
    }

    /// Whether the templates show where to unsubscribe.
    pub fn shows_unsubscribe_url(&self) -> bool {
        self.all_paths.contains("unsubscribe_url")
    }

    /// Renders for one person. A template that fails, runs too long or prints too much is an error.
    /// Of what is chosen for each person it has the first.
    pub fn render(&self, context: &MessageContext) -> Result<Rendered, TemplateError> {
        self.render_chosen(context, &Chosen::default())
    }

    /// The same with what was chosen for the person.
    pub fn render_chosen(
        &self,
        context: &MessageContext,
        chosen: &Chosen,
    ) -> Result<Rendered, TemplateError> {
        let template = self.templates.in_language(&self.template, language(context.profile));
        let context = self.whole(context, chosen)?;
        let subject = self.templates.render_subject(&self.subject, &context)?;
        let body = self.templates.render(template, &context)?;
        let (html, text) = if self.template.ends_with(".txt") {
            (String::new(), body)
        } else {
            (body.clone(), plain_text(&body))
        };
        let paths = if template == self.template {
            self.paths.clone()
        } else {
            let mut paths = self.templates.paths(template)?;
            paths.extend(self.templates.subject_paths(&self.subject)?);
            let slots = self.creative.iter().flat_map(|creative| &creative.slots);
            for (_, part) in slots.flat_map(|slot| &slot.levels) {
                if let Part::Text(text) = part {
                    paths.extend(self.templates.subject_paths(text)?);
                }
            }
            paths
        };
        let missing = paths.into_iter().filter(|path| is_missing(&context, path)).collect();
        Ok(Rendered { subject: one_line(&subject), html, text, missing })
    }
}

impl Message {
    /// What the templates see: the context, and the chosen parts, which see the context too.
    fn whole(&self, context: &MessageContext, chosen: &Chosen) -> Result<Value, TemplateError> {
        let plain = Value::from(Serde(context));
        let Some(creative) = &self.creative else { return Ok(plain) };
        let mut parts = BTreeMap::new();
        for (slot, part) in creative.parts(chosen) {
            let value = match part {
                Part::Text(text) => Value::from(self.templates.render_subject(text, &plain)?),
                Part::List(list) => Value::from(list.clone()),
            };
            parts.insert(slot.to_owned(), value);
        }
        Ok(minijinja::context! { creative => parts, ..plain })
    }
}

impl Rendered {
    /// The same with the links of its HTML marked, but for `unsubscribe_url`; the text says where they lead, too. A
    /// message of text alone stays as it is.
    pub fn with_marked_links(mut self, marks: &LinkMarks, unsubscribe_url: &str) -> Rendered {
        if !self.html.is_empty() {
            self.html = marks.mark_html(&self.html, unsubscribe_url);
            self.text = plain_text(&self.html);
        }
        self
    }
}

/// The language of a profile, as its trait `locale` says: `zh-CN`.
fn language(profile: &serde_json::Value) -> &str {
    profile["traits"]["locale"].as_str().unwrap_or_default()
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rendered({} bytes of HTML, {} of text)", self.html.len(), self.text.len())
    }
}

/// A header is one line: what would end it early becomes a space.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let joined = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    joined.chars().take(Message::MAX_SUBJECT).collect()
}

fn is_missing(context: &Value, path: &str) -> bool {
    let mut at = context.clone();
    for name in path.split('.') {
        match at.get_attr(name) {
            Ok(next) if !next.is_undefined() => at = next,
            _ => return true,
        }
    }
    false
}
