//! Campaign files: YAML, read strictly, every mistake with its place and its cure.

mod creative;
mod entry;
mod experiment;
mod on_site;
mod placement;
mod steps;
mod values;

use crate::campaign::Listen;
use crate::file_error::FileError;
use crate::{Campaign, Lane, Limits, Templates, Utm};
use serde::Deserialize;
use serde_saphyr::Spanned;
use values::{Conditions, at, event_name, time};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CampaignFile {
    name: Spanned<String>,
    #[serde(default)]
    description: String,
    version: Option<Spanned<u32>>,
    #[serde(default)]
    lane: Lane,
    priority: Option<Spanned<u8>>,
    starts: Option<Spanned<String>>,
    ends: Option<Spanned<String>>,
    entry: entry::EntryFile,
    audience: Option<Spanned<String>>,
    #[serde(default)]
    exit_on: Vec<ListenFile>,
    exit_when: Option<Spanned<String>>,
    goal: Option<ListenFile>,
    steps: Spanned<Vec<steps::StepFile>>,
    #[serde(default)]
    limits: Limits,
    utm: Option<Utm>,
}

/// An event that means something to journeys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListenFile {
    event: Spanned<String>,
    when: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
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
        if let Some(version) = file.version.as_ref().filter(|version| version.value == 0) {
            return Err(at(version, "versions count from 1"));
        }
        if let Some(priority) = file.priority.as_ref().filter(|priority| priority.value > 100) {
            return Err(at(priority, "a priority is a number from 0 to 100; the higher goes first"));
        }
        let conditions = Conditions { yaml };
        let entry = file.entry.read(&conditions)?;
        let keyed = entry.event().is_some_and(|event| event.key.is_some());
        let exit_on = file
            .exit_on
            .iter()
            .map(|exit| listen(exit, &conditions, keyed))
            .collect::<Result<Vec<Listen>, FileError>>()?;
        let goal = file.goal.as_ref().map(|goal| listen(goal, &conditions, keyed)).transpose()?;
        if let Some(enters) = entry.event() {
            let itself = |exit: &&ListenFile| exit.when.is_none() && exit.event.value.trim() == enters.event;
            if let Some(exit) = file.exit_on.iter().chain(&file.goal).find(itself) {
                let message = "the event that enters would end the journey at once; for a fresh start with each, write \
                               `reentry: restart` under entry; else give this a `when`";
                return Err(at(&exit.event, message));
            }
        }
        let (starts, ends) =
            (file.starts.as_ref().map(time).transpose()?, file.ends.as_ref().map(time).transpose()?);
        if let (Some(starts), Some(ends), Some(place)) = (starts, ends, &file.ends)
            && ends <= starts
        {
            return Err(at(place, "the campaign ends before it starts; put the later of the two here"));
        }
        let program = steps::compile(&file.steps, &conditions, templates, name, keyed)?;
        Ok(Campaign {
            name: name.to_owned(),
            description: file.description,
            version: file.version.map_or(1, |version| version.value),
            lane: file.lane,
            priority: file.priority.map_or(Campaign::PRIORITY, |priority| priority.value),
            starts,
            ends,
            entry,
            audience: conditions.read_optional(&file.audience)?,
            exit_on,
            exit_when: conditions.read_optional(&file.exit_when)?,
            goal,
            awaited: program.awaited,
            steps: program.steps,
            limits: file.limits,
            utm: file.utm,
            rules: Vec::new(),
        }
        .with_rules())
    }
}

/// Reads an event that means something to journeys; `keyed` tells whether these have keys to be compared with.
fn listen(file: &ListenFile, conditions: &Conditions<'_>, keyed: bool) -> Result<Listen, FileError> {
    if let Some(key) = file.key.as_ref().filter(|_| !keyed) {
        return Err(at(
            key,
            "the entry has no key that this could be compared with; give it one, or drop this",
        ));
    }
    Ok(Listen {
        event: event_name(&file.event)?,
        when: conditions.read_optional(&file.when)?,
        key: conditions.read_optional(&file.key)?,
    })
}
