//! A person's rows of the lake: read for an export, and taken out for an erasure.

use crate::job::Job;
use crate::subject::{Subject, Whose};
use crate::{Deps, PrivacyError, Stores};
use event::{Event, Identifiers, Key, empty_tokens, iso_time};
use lake::{Archived, EVENTS, Fate, LakeErasure, LakeStore, mentions, replay, rewrite};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Where an identifier came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// When the first event with it happened, UTC ms.
    pub at: i64,
    pub event: String,
    pub source: String,
}

/// What the lake holds of a person.
#[derive(Debug, Default)]
pub struct Rows {
    /// Oldest first.
    pub events: Vec<Value>,
    pub origins: BTreeMap<event::Identifier, Origin>,
    /// The readable user ids in them.
    pub user_ids: BTreeSet<String>,
}

/// Reads a person's rows.
///
/// # Errors
/// A lake that can't be read, or a damaged file.
pub async fn read<S: Stores>(deps: &Deps<'_, S>, subject: &Subject) -> Result<Rows, PrivacyError> {
    let keys = subject.keys();
    let mut rows = Rows::default();
    let mut events: Vec<(i64, Value)> = Vec::new();
    for path in deps.lake.list(EVENTS).await? {
        if !mentions(&path, deps.lake.open(&path).await?, |key| keys.contains(&key))? {
            continue;
        }
        replay(&path, deps.lake.open(&path).await?, |row| {
            if subject.whose(&row.event.identifiers) == Whose::Theirs {
                rows.note(&row.event);
                events.push((row.event.happened_at, as_json(&row.event)));
            }
        })?;
    }
    events.sort_by_key(|(at, _)| *at);
    rows.events = events.into_iter().map(|(_, event)| event).collect();
    Ok(rows)
}

impl Rows {
    fn note(&mut self, event: &Event<'_>) {
        for identifier in event.identifiers.iter() {
            let origin = Origin {
                at: event.happened_at,
                event: event.name.clone().into_owned(),
                source: event.source.clone().into_owned(),
            };
            let first = self.origins.entry(*identifier).or_insert_with(|| origin.clone());
            if origin.at < first.at {
                *first = origin;
            }
        }
        self.user_ids.extend(event.user_id.as_deref().map(str::to_owned));
    }
}

/// How many files are looked at in one part; of those that hold something of the person, one is written anew.
const FILES: usize = 16;

/// Takes a person's rows out of the next files of the lake, each replaced as one step; and their identifiers out of the
/// rows of others. Returns whether that was all of them. A run after a crash goes on: a file that was replaced already has
/// nothing left to remove, and the job says up to which file the rows are counted.
///
/// A file that comes while this goes on holds nothing that happened before: intake refuses it since the job was begun.
///
/// # Errors
/// A lake that can't be read or written, or a damaged file: it is named, and is to be restored or removed.
pub async fn erase_some<S: Stores>(
    deps: &Deps<'_, S>,
    subject: &Subject,
    job: &mut Job,
) -> Result<bool, PrivacyError> {
    let keys = subject.keys();
    let personal: BTreeSet<Key> = subject
        .identifiers
        .iter()
        .filter(|identifier| subject.is_personal(**identifier))
        .map(|identifier| identifier.key)
        .collect();
    let files = deps.lake.list(EVENTS).await?;
    let first = job.looked_at.as_ref().map_or(0, |last| files.partition_point(|path| path <= last));
    for (looked, path) in files.into_iter().skip(first).enumerate() {
        if looked == FILES {
            return Ok(false);
        }
        if !mentions(&path, deps.lake.open(&path).await?, |key| keys.contains(&key))? {
            job.looked_at = Some(path);
            continue;
        }
        let erased_at = job.erased_at;
        let rewritten =
            rewrite(&path, deps.lake.open(&path).await?, |row| fate(row, subject, &personal, erased_at))?;
        if !rewritten.is_changed() {
            job.looked_at = Some(path);
            continue;
        }
        if job.counted.as_ref().is_none_or(|counted| *counted < path) {
            job.count("lake_rows", rewritten.removed);
            job.count("lake_rows_of_others_edited", rewritten.edited);
            job.counted = Some(path.clone());
            // Before the file is replaced: a second run would find nothing to count.
            if job.is_open() {
                job.save(deps).await?;
            }
        }
        match &rewritten.file {
            Some(file) => deps.lake.put(file).await?,
            None => deps.lake.remove(&path).await?,
        }
        job.looked_at = Some(path);
        return Ok(false);
    }
    Ok(true)
}

fn fate(row: &mut Archived<'_>, subject: &Subject, personal: &BTreeSet<Key>, erased_at: i64) -> Fate {
    let whose = subject.whose(&row.event.identifiers);
    // Who came back after they were erased is somebody new.
    if whose == Whose::Theirs && row.event.happened_at <= erased_at {
        return Fate::Remove;
    }
    if whose == Whose::Theirs {
        return Fate::Keep;
    }
    let mut edited = 0;
    if row.event.identifiers.iter().any(|identifier| personal.contains(&identifier.key)) {
        let mut others = Identifiers::default();
        let kept = row.event.identifiers.iter().filter(|identifier| !personal.contains(&identifier.key));
        kept.for_each(|identifier| others.insert(*identifier));
        row.event.identifiers = others;
        edited += 1;
    }
    edited += texts(&mut row.event).into_iter().map(|text| forget(text, personal)).sum::<usize>();
    if edited > 0 { Fate::Edited } else { Fate::Keep }
}

/// The texts of an event in which a token may stand.
fn texts<'t, 'e>(event: &'t mut Event<'e>) -> Vec<&'t mut Cow<'e, str>> {
    let context = &mut event.context;
    let mut texts = vec![&mut event.properties, &mut event.traits, &mut event.name, &mut event.message_id];
    let optional = [&mut context.url, &mut context.title, &mut context.referrer, &mut context.rest];
    texts.extend(optional.into_iter().flatten());
    texts
}

/// Empties the tokens of these keys in a text.
fn forget(text: &mut Cow<'_, str>, personal: &BTreeSet<Key>) -> usize {
    if !event::tokens_in(text.as_bytes()).any(|key| personal.contains(&key)) {
        return 0;
    }
    let mut bytes = text.clone().into_owned().into_bytes();
    let emptied = empty_tokens(&mut bytes, |key| personal.contains(&key));
    // Digits became zeros: it is text as before.
    *text = Cow::Owned(String::from_utf8_lossy(&bytes).into_owned());
    emptied
}

/// An event as an export shows it.
fn as_json(event: &Event<'_>) -> Value {
    let object = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let context = &event.context;
    let texts = [
        ("url", &context.url),
        ("title", &context.title),
        ("referrer", &context.referrer),
        ("user_agent", &context.user_agent),
        ("locale", &context.locale),
        ("timezone", &context.timezone),
    ];
    let mut shown: serde_json::Map<String, Value> = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_deref()?))))
        .collect();
    if let Some(device) = &context.device {
        shown.insert("device".into(), json!({"model": device.model, "type": device.kind, "os": device.os}));
    }
    if let Some(campaign) = &context.campaign {
        shown.insert(
            "campaign".into(),
            json!({"source": campaign.source, "medium": campaign.medium, "name": campaign.name}),
        );
    }
    for (name, text) in [("consent", &context.consent), ("more", &context.rest)] {
        if let Some(text) = text {
            shown.insert(name.into(), object(text));
        }
    }
    json!({
        "happened_at": iso_time(event.happened_at),
        "received_at": iso_time(event.received_at),
        "type": event.kind.as_str(),
        "name": event.name,
        "source": event.source,
        "message_id": event.message_id,
        "user_id": event.user_id,
        "properties": object(&event.properties),
        "traits": object(&event.traits),
        "context": shown,
    })
}
