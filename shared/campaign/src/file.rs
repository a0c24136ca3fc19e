//! Campaign files: YAML, read strictly, every mistake with its place and its cure.

use crate::campaign::{Cancel, Entry, Reentry, Step};
use crate::condition::Condition;
use crate::duration::parse_duration;
use crate::file_error::FileError;
use crate::{Campaign, ChannelKind, Lane, Limits, Message, Templates};
use event::{DAY, parse_time};
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CampaignFile {
    name: Spanned<String>,
    #[serde(default)]
    description: String,
    #[serde(default = "first_version")]
    version: u32,
    #[serde(default)]
    lane: Lane,
    starts: Option<Spanned<String>>,
    ends: Option<Spanned<String>>,
    entry: EntryFile,
    audience: Option<Spanned<String>>,
    #[serde(default)]
    cancel_on: Vec<CancelFile>,
    steps: Spanned<Vec<StepFile>>,
    #[serde(default)]
    limits: Limits,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFile {
    event: Spanned<String>,
    when: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    #[serde(default)]
    keep: Vec<String>,
    max_age: Option<Spanned<String>>,
    #[serde(default)]
    reentry: Reentry,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelFile {
    event: Spanned<String>,
    when: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFile {
    wait: Option<Spanned<String>>,
    send: Option<Spanned<String>>,
    #[serde(default)]
    channel: ChannelKind,
    webhook: Option<String>,
    #[serde(default)]
    subject: String,
    template: Option<Spanned<String>>,
}

fn first_version() -> u32 {
    1
}

impl Campaign {
    /// Reads a campaign file. `templates` are those of the folder beside it.
    pub fn parse(yaml: &str, templates: &Templates) -> Result<Campaign, FileError> {
        let file: CampaignFile = serde_saphyr::from_str(yaml).map_err(FileError::from)?;
        let name = file.name.value.trim();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            let message =
                "a campaign's name has lower-case letters, digits and hyphens, like cart-abandonment";
            return Err(at(&file.name, message));
        }
        let conditions = Conditions { yaml };
        let entry = Entry {
            event: event_name(&file.entry.event)?,
            when: conditions.read_optional(&file.entry.when)?,
            key: conditions.read_optional(&file.entry.key)?,
            keep: file.entry.keep,
            max_age: file.entry.max_age.as_ref().map(duration).transpose()?.unwrap_or(7 * DAY),
            reentry: file.entry.reentry,
        };
        let mut cancel_on = Vec::new();
        for cancel in &file.cancel_on {
            cancel_on.push(Cancel {
                event: event_name(&cancel.event)?,
                when: conditions.read_optional(&cancel.when)?,
                key: conditions.read_optional(&cancel.key)?,
            });
        }
        let itself = |cancel: &&CancelFile| cancel.when.is_none() && cancel.event.value.trim() == entry.event;
        if let Some(cancel) = file.cancel_on.iter().find(itself) {
            let message = "the event that enters would cancel at once; for a fresh start with each, write \
                           `reentry: restart` under entry; else give this a `when`";
            return Err(at(&cancel.event, message));
        }
        if let (Some(cancel), None) = (file.cancel_on.iter().find_map(|c| c.key.as_ref()), &entry.key) {
            return Err(at(
                cancel,
                "the entry has no key that this could be compared with; give it one, or drop this",
            ));
        }
        let (starts, ends) =
            (file.starts.as_ref().map(time).transpose()?, file.ends.as_ref().map(time).transpose()?);
        if let (Some(starts), Some(ends), Some(place)) = (starts, ends, &file.ends)
            && ends <= starts
        {
            return Err(at(place, "the campaign ends before it starts; put the later of the two here"));
        }
        Ok(Campaign {
            name: name.to_owned(),
            description: file.description,
            version: file.version,
            lane: file.lane,
            starts,
            ends,
            entry,
            audience: conditions.read_optional(&file.audience)?,
            cancel_on,
            steps: steps(&file.steps, templates)?,
            limits: file.limits,
        })
    }
}

fn steps(files: &Spanned<Vec<StepFile>>, templates: &Templates) -> Result<Vec<Step>, FileError> {
    let mut steps = Vec::new();
    for file in &files.value {
        match (&file.wait, &file.send) {
            (Some(wait), None) => steps.push(Step::Wait(duration(wait)?)),
            (None, Some(send)) => {
                let Some(template) = &file.template else {
                    return Err(at(send, "a send needs a template: the name of a file in templates/"));
                };
                let webhook = file.webhook.as_deref();
                let message = Message::new(file.channel, webhook, &file.subject, &template.value, templates)
                    .map_err(|error| at(template, &error.to_string()))?;
                let name = send.value.trim().to_owned();
                if name.is_empty() {
                    return Err(at(send, "a send needs a name, for example reminder"));
                }
                if steps.iter().any(|step| matches!(step, Step::Send { name: other, .. } if *other == name)) {
                    return Err(at(
                        send,
                        &format!("there are two sends `{name}`; give each a name of its own"),
                    ));
                }
                steps.push(Step::Send { name, message: Box::new(message) });
            }
            (Some(both), Some(_)) => return Err(at(both, "a step either waits or sends; make it two steps")),
            (None, None) => return Err(place(files.referenced, "a step needs a `wait` or a `send`")),
        }
    }
    if !steps.iter().any(|step| matches!(step, Step::Send { .. })) {
        return Err(place(files.referenced, "no step sends anything; add one with `send`"));
    }
    Ok(steps)
}

/// Compiles the conditions of a file.
struct Conditions<'y> {
    yaml: &'y str,
}

impl Conditions<'_> {
    fn read(&self, source: &Spanned<String>) -> Result<Condition, FileError> {
        Condition::compile(&source.value).map_err(|error| {
            let start = source.referenced;
            let (line, column) = (start.line() + error.line - 1, start.column() + error.column - 1);
            FileError { line, column: column + u64::from(self.is_quoted(start)), message: error.message }
        })
    }

    fn read_optional(&self, source: &Option<Spanned<String>>) -> Result<Option<Condition>, FileError> {
        source.as_ref().map(|source| self.read(source)).transpose()
    }

    /// Whether a text begins with a quote, which is no part of it.
    fn is_quoted(&self, start: Location) -> bool {
        let line = self.yaml.lines().nth((start.line() as usize).saturating_sub(1)).unwrap_or_default();
        matches!(line.chars().nth((start.column() as usize).saturating_sub(1)), Some('"' | '\''))
    }
}

fn duration(text: &Spanned<String>) -> Result<i64, FileError> {
    parse_duration(&text.value)
        .ok_or_else(|| at(text, &format!("`{}` is no time span; write one like 30m, 12h or 3d", text.value)))
}

fn time(text: &Spanned<String>) -> Result<i64, FileError> {
    parse_time(&text.value).ok_or_else(|| {
        at(text, &format!("`{}` is no time; write one like 2026-11-22T10:00:00+08:00", text.value))
    })
}

fn event_name(name: &Spanned<String>) -> Result<String, FileError> {
    match name.value.trim() {
        "" => Err(at(name, "the event needs a name, for example Product Viewed")),
        text => Ok(text.to_owned()),
    }
}

fn at<T>(spanned: &Spanned<T>, message: &str) -> FileError {
    place(spanned.referenced, message)
}

fn place(location: Location, message: &str) -> FileError {
    FileError { line: location.line().max(1), column: location.column().max(1), message: message.to_owned() }
}
