//! The templates of a deployment, rendered within bounds.

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

/// A folder of templates by name. They see each other (`{% include %}`) and no other file. Cloning it
/// shares it.
#[derive(Clone)]
pub struct Templates(Arc<Environment<'static>>);

/// What is wrong with a template: its name, the line (from 1; 0 where it is not known) and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template {name}, line {line}: {reason}")]
pub struct TemplateError {
    pub name: String,
    pub line: usize,
    pub reason: String,
}

impl Templates {
    /// Steps one rendering may take: a loop over a thousand products takes some ten thousand.
    pub const FUEL: u64 = 100_000;
    /// Bytes one rendering may print. Mailboxes cut an e-mail off at about a fifth of it.
    pub const MAX_OUTPUT: usize = 512 * 1024;
    /// What the names of drafts have in them: no template may be called so.
    pub const DRAFT: &'static str = ".draft.";
    /// Bytes one template may be long.
    pub const MAX_SOURCE: usize = 256 * 1024;

    /// Checks and keeps templates, by name and source.
    pub fn new(sources: impl IntoIterator<Item = (String, String)>) -> Result<Templates, TemplateError> {
        let mut env = Environment::new();
        env.set_fuel(Some(Self::FUEL));
        env.set_undefined_behavior(UndefinedBehavior::Chainable);
        env.set_auto_escape_callback(|name| {
            if name == SUBJECT || name.ends_with(".txt") { AutoEscape::None } else { AutoEscape::Html }
        });
        // A namespace outlives a loop's turn, so that a text could be doubled with each: few steps, all memory.
        env.remove_global("namespace");
        for (name, source) in sources.into_iter().collect::<BTreeMap<_, _>>() {
            if source.len() > Self::MAX_SOURCE {
                let reason = format!("it is longer than {} KiB: shorten it", Self::MAX_SOURCE / 1024);
                return Err(TemplateError { name, line: 0, reason });
            }
            env.add_template_owned(name.clone(), source).map_err(|e| explain(&name, &e))?;
        }
        Ok(Templates(Arc::new(env)))
    }

    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.templates().map(|(name, _)| name)
    }

    /// The names of a template's variants in other languages: `welcome.zh.html` beside `welcome.html`.
    pub(crate) fn variants(&self, name: &str) -> impl Iterator<Item = &str> {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        self.names().filter(move |other| {
            let language = other.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.'));
            let language =
                language.and_then(|rest| rest.strip_suffix(ending)).and_then(|rest| rest.strip_suffix('.'));
            language.is_some_and(|language| !language.is_empty() && !language.contains('.'))
        })
    }

    /// The name of the template in a language (`zh-CN`, else `zh`), or its own name where there is none.
    pub(crate) fn in_language<'n>(&'n self, name: &'n str, locale: &str) -> &'n str {
        let locale = locale.replace('_', "-");
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let language = locale.split('-').next().unwrap_or_default();
        let wanted = [locale.as_str(), language].map(|language| format!("{stem}.{language}.{ending}"));
        let found = wanted
            .iter()
            .find_map(|wanted| self.variants(name).find(|variant| variant.eq_ignore_ascii_case(wanted)));
        found.unwrap_or(name)
    }

    /// The paths that a template itself looks up, `kept.name`.
    pub(crate) fn paths(&self, name: &str) -> Result<BTreeSet<String>, TemplateError> {
        let template = self.0.get_template(name).map_err(|_| {
            let reason = if name.contains(Self::DRAFT) || name.starts_with("drafts/") {
                "it is a draft, and nothing sends a draft: `rondo copy approve` makes a template of it, and says what \
                 to write here"
            } else {
                "there is no such template: put the file into the templates folder, or correct the name"
            };
            TemplateError { name: name.to_owned(), line: 0, reason: reason.to_owned() }
        })?;
        Ok(self.known(template.undeclared_variables(true)))
    }

    /// The paths that any template looks up, where this one includes others; else none.
    pub(crate) fn included_paths(&self, name: &str) -> BTreeSet<String> {
        let includes = self.0.get_template(name).is_ok_and(|template| {
            ["include", "extends", "import"].iter().any(|word| template.source().contains(word))
        });
        let others = self.0.templates().filter(|_| includes);
        others.flat_map(|(_, other)| self.known(other.undeclared_variables(true))).collect()
    }

    pub(crate) fn subject_paths(&self, source: &str) -> Result<BTreeSet<String>, TemplateError> {
        let template = self.0.template_from_named_str(SUBJECT, source).map_err(|e| explain(SUBJECT, &e))?;
        Ok(self.known(template.undeclared_variables(true)))
    }

    pub(crate) fn render(&self, name: &str, context: &Value) -> Result<String, TemplateError> {
        let template = self.0.get_template(name).map_err(|e| explain(name, &e))?;
        bounded(name, |out| template.render_captured_to(context.clone(), out).map(drop))
    }

    pub(crate) fn render_subject(&self, source: &str, context: &Value) -> Result<String, TemplateError> {
        let template = self.0.template_from_named_str(SUBJECT, source).map_err(|e| explain(SUBJECT, &e))?;
        bounded(SUBJECT, |out| template.render_captured_to(context.clone(), out).map(drop))
    }

    /// Without the functions that every template has, such as `range`.
    fn known(&self, paths: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let globals: BTreeSet<&str> = self.0.globals().map(|(name, _)| name).collect();
        paths.into_iter().filter(|path| !globals.contains(path.as_str())).collect()
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// The name that a subject has in errors; no file can have it.
const SUBJECT: &str = "<subject>";

fn bounded(
    name: &str,
    render: impl FnOnce(&mut Bounded) -> Result<(), Error>,
) -> Result<String, TemplateError> {
    let mut out = Bounded { bytes: Vec::new(), full: false };
    let result = render(&mut out);
    if out.full {
        let reason = format!("it prints more than {} KiB: look for a loop", Templates::MAX_OUTPUT / 1024);
        return Err(TemplateError { name: name.to_owned(), line: 0, reason });
    }
    result.map_err(|e| explain(name, &e))?;
    Ok(String::from_utf8(out.bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

/// Takes output up to the bound.
struct Bounded {
    bytes: Vec<u8>,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > Templates::MAX_OUTPUT {
            self.full = true;
            return Err(io::Error::other("too much output"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An error of the engine, with the template that it happened in. Details name what the template says,
/// never what it was given.
fn explain(name: &str, error: &Error) -> TemplateError {
    let reason = match error.kind() {
        ErrorKind::OutOfFuel => "it takes too many steps: look for a loop within a loop".to_owned(),
        ErrorKind::SyntaxError
        | ErrorKind::TemplateNotFound
        | ErrorKind::UnknownFilter
        | ErrorKind::UnknownTest
        | ErrorKind::UnknownFunction => match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        },
        kind => kind.to_string(),
    };
    TemplateError { name: error.name().unwrap_or(name).to_owned(), line: error.line().unwrap_or(0), reason }
}
