//! `rondo identity`: by what a person is known, since when, and why.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::local_time::show;
use crate::commands::person::find_person;
use crate::commands::profile::zone_of;
use crate::installation::Installation;
use anyhow::{Context, Result};
use clap::Args;
use event::{Identifier, Key};
use person::{Blob, IdentityLog, IdentityStore, LogEntry, Origin, Owner, Profile, ProfileStore, Reason};
use pollster::block_on;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How many merges one after the other are followed.
const MAX_HOPS: usize = 16;

#[derive(Debug, Args)]
pub struct IdentityArgs {
    /// A user id, anonymous id, e-mail address, phone number, or the 32 digits of a person's key
    id: String,
    /// Print one JSON object; times are UTC ms
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Prints the identities of one person.
pub fn identity(args: &IdentityArgs) -> Result<()> {
    ask(&args.data.path, &Question::Identity { id: args.id.clone(), json: args.json })
}

/// One merge that is, or was, part of a person.
pub struct Merge {
    pub gone: Owner,
    pub into: Owner,
    /// Nothing where it was made before merges were recorded.
    pub by: Option<(Identifier, i64, String, u64)>,
    /// Whether it holds: it was not undone, directly or with another.
    pub holds: bool,
}

/// What is known of a person's identities.
pub struct Graph {
    pub person: Key,
    /// The kind of the identifier whose hash the person's id is.
    pub owner: Owner,
    /// In the order in which they are told and numbered from 1: by the time of the event that joined them.
    pub merges: Vec<Merge>,
    /// What was undone: who went, into whom, and when (UTC ms).
    pub undone: Vec<(Owner, Owner, i64)>,
}

impl Graph {
    /// Reads what the store holds of a person and of all who went into them.
    pub fn of(installation: &Installation, person: Key, profile: &Profile<'_>) -> Result<Graph> {
        let store = &installation.pump.store;
        let owner = profile.identifiers.iter().find(|id| id.key == person).copied().map(Owner::from);
        let owner =
            owner.context("the person's profile does not list their own identifier; replay their events")?;
        let mut graph = Graph { person, owner, merges: Vec::new(), undone: Vec::new() };
        let mut entries: Vec<LogEntry> = Vec::new();
        let mut seen = BTreeSet::from([person]);
        let mut open = vec![person];
        while !open.is_empty() {
            let logs = block_on(store.log(&open))?;
            open.clear();
            for entry in logs.into_iter().flatten() {
                let (gone, into) = entry.pair();
                open.extend([gone.person, into.person].into_iter().filter(|person| seen.insert(*person)));
                if !entries.contains(&entry) {
                    entries.push(entry);
                }
            }
        }
        for entry in entries {
            let (gone, into) = entry.pair();
            match entry {
                LogEntry::Merged { by, at, message, source, .. } => {
                    let holds = leads_to(installation, gone.person, person)?;
                    // Of one that was undone only who took part in it tells.
                    if holds || into.person == person || gone.person == person {
                        let by = Some((by, at, source, message.0));
                        graph.merges.push(Merge { gone, into, by, holds });
                    }
                }
                LogEntry::Unmerged { at, .. } => graph.undone.push((gone, into, at)),
            }
        }
        graph.add_unrecorded(installation, profile)?;
        graph.merges.sort_by_key(|merge| merge.by.as_ref().map(|(_, at, _, message)| (*at, *message)));
        Ok(graph)
    }

    /// Adds the merges that were made before there was a log: the pointers that they left.
    fn add_unrecorded(&mut self, installation: &Installation, profile: &Profile<'_>) -> Result<()> {
        let kind_of =
            |key: Key| profile.identifiers.iter().find(|id| id.key == key).copied().map(Owner::from);
        for identifier in &profile.identifiers {
            let gone = Owner::from(*identifier);
            if self.merges.iter().any(|merge| merge.gone == gone && merge.holds) {
                continue;
            }
            if let Some(into) = forward_of(installation, gone.person)?.and_then(kind_of) {
                self.merges.push(Merge { gone, into, by: None, holds: true });
            }
        }
        Ok(())
    }
}

fn forward_of(installation: &Installation, person: Key) -> Result<Option<Key>> {
    let stored = block_on(installation.pump.store.load(&[person]))?.pop().flatten();
    Ok(match stored {
        Some(stored) => Blob::forward_of(&stored.blob).context("a stored profile is damaged")?,
        None => None,
    })
}

fn leads_to(installation: &Installation, from: Key, person: Key) -> Result<bool> {
    let mut at = from;
    for _ in 0..MAX_HOPS {
        match forward_of(installation, at)? {
            Some(next) if next == person => return Ok(true),
            Some(next) => at = next,
            None => return Ok(false),
        }
    }
    Ok(false)
}

/// The graph as text or JSON.
pub fn answer(installation: &Installation, id: &str, as_json: bool) -> Result<String> {
    let found = find_person(installation, id)?;
    let mut profile = Profile::default();
    profile.decode(&found.stored.blob).context("the person's stored profile is damaged")?;
    let graph = Graph::of(installation, found.person, &profile)?;
    let refused: Vec<Identifier> = profile.refused.iter().map(|refused| refused.identifier).collect();
    let owners = block_on(installation.pump.store.owners(&refused))?;
    let apart = block_on(installation.pump.store.owners(&profile.separated))?;
    if as_json {
        return Ok(serde_json::to_string_pretty(&to_json(&graph, &profile, &owners, &apart))?);
    }
    let zone = zone_of(installation, &profile);
    Ok(to_text(&graph, &profile, &owners, &apart, |at| show(at, &zone)))
}

fn to_json(graph: &Graph, profile: &Profile<'_>, owners: &[Option<Owner>], apart: &[Option<Owner>]) -> Value {
    let key =
        |identifier: Identifier| json!({"kind": identifier.kind.as_str(), "key": identifier.key.to_string()});
    let owner = |owner: &Option<Owner>| owner.map(|owner| owner.person.to_string());
    let origin = |origin: Option<Origin<'_>>| {
        origin.map(|o| json!({"at": o.at, "source": o.source, "message": format!("{:016x}", o.message.0)}))
    };
    let identifiers = profile.identifiers.iter().map(|identifier| {
        json!({
            "kind": identifier.kind.as_str(), "key": identifier.key.to_string(),
            "own": identifier.key == graph.person, "linked": origin(profile.origin(*identifier)),
        })
    });
    let merges = graph.merges.iter().enumerate().map(|(n, merge)| {
        let event = merge.by.as_ref().map(|(by, at, source, message)| {
            json!({"identifier": key(*by), "at": at, "source": source, "message": format!("{message:016x}")})
        });
        json!({
            "number": n + 1, "gone": key(merge.gone.into()), "into": key(merge.into.into()), "by": event,
            "holds": merge.holds,
        })
    });
    let refused = profile.refused.iter().zip(owners).map(|(refused, whose)| {
        let reason =
            Reason::of(refused.identifier, graph.owner, *whose, |owner| apart.contains(&Some(owner)));
        json!({
            "kind": refused.identifier.kind.as_str(), "key": refused.identifier.key.to_string(),
            "reason": reason.as_str(), "belongs_to": owner(whose), "first": origin(refused.origin),
        })
    });
    let apart = profile.separated.iter().zip(apart).map(|(identifier, whose)| {
        let person = owner(whose).unwrap_or_else(|| identifier.key.to_string());
        json!({"identifier": key(*identifier), "person": person})
    });
    let undone = graph
        .undone
        .iter()
        .map(|(gone, into, at)| json!({"gone": key((*gone).into()), "into": key((*into).into()), "at": at}));
    json!({
        "person": graph.person.to_string(), "known": profile.is_known(),
        "identifiers": identifiers.collect::<Vec<_>>(), "merges": merges.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(), "kept_apart_from": apart.collect::<Vec<_>>(),
        "undone": undone.collect::<Vec<_>>(),
    })
}

fn to_text(
    graph: &Graph,
    profile: &Profile<'_>,
    owners: &[Option<Owner>],
    apart: &[Option<Owner>],
    time: impl Fn(i64) -> String,
) -> String {
    let name = |identifier: Identifier| format!("{} {}", identifier.kind.as_str(), identifier.key);
    let by = |origin: Option<Origin<'_>>| match origin {
        Some(o) => format!("{} by event {:016x} of {}", time(o.at), o.message.0, o.source),
        None => "before this was recorded".to_owned(),
    };
    let mut out = format!("Person {}, known by their {}", graph.person, graph.owner.kind.as_str());
    _ = write!(out, "\nIdentifiers (as hashes)");
    for identifier in &profile.identifiers {
        let own = if identifier.key == graph.person { ", whose hash is the person's id" } else { "" };
        _ = write!(out, "\n  {}  since {}{own}", name(*identifier), by(profile.origin(*identifier)));
    }
    if !graph.merges.is_empty() {
        _ = write!(out, "\nMerges");
    }
    for (n, merge) in graph.merges.iter().enumerate() {
        let why = match &merge.by {
            Some((by, at, source, message)) => format!(
                "{}: event {message:016x} of {source} carried {} beside one of theirs",
                time(*at),
                name(*by)
            ),
            None => "before merges were recorded".into(),
        };
        let undone = if merge.holds { "" } else { " (undone)" };
        let (gone, into) = (name(merge.gone.into()), name(merge.into.into()));
        _ = write!(out, "\n  {}. {gone} went into {into}{undone}\n     {why}", n + 1);
    }
    if !profile.refused.is_empty() {
        _ = write!(out, "\nRefused: these came with the person's events, and are not theirs");
    }
    for (refused, owner) in profile.refused.iter().zip(owners) {
        let whose = owner.map_or("nobody's".to_owned(), |owner| format!("of {}", owner.person));
        let kept_apart = |owner| apart.contains(&Some(owner));
        let why = match Reason::of(refused.identifier, graph.owner, *owner, kept_apart) {
            Reason::Separated => "a merge of the two was undone",
            Reason::Known => "it belongs to another known person",
            Reason::Shared => "a device or browser joins nobody who is known by something personal",
            Reason::Limit => "it is more than one person may have of its kind",
        };
        let first = by(refused.origin);
        _ = write!(out, "\n  {} ({whose})  since {first}\n     {why}", name(refused.identifier));
    }
    if !profile.separated.is_empty() {
        _ = write!(out, "\nNever to be joined with the people of");
    }
    for (identifier, owner) in profile.separated.iter().zip(apart) {
        let person = owner.map_or(identifier.key, |owner| owner.person);
        _ = write!(out, "\n  {} (now person {person})", name(*identifier));
    }
    for (gone, into, at) in &graph.undone {
        _ = write!(
            out,
            "\nUndone {}: the merge of {} into {}",
            time(*at),
            name((*gone).into()),
            name((*into).into())
        );
    }
    out
}
