//! Every answer that a person ever gave, out of the lake.

use crate::installation::Installation;
use anyhow::{Context, Result};
use event::{Event, Identifier, IdentifierKind, Key, iso_time};
use lake::{EVENTS, LakeStore, mentions, replay};
use person::{ChannelState, Profile};
use pollster::block_on;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// An answer as one event told it.
pub struct Given {
    /// When it was given, UTC ms.
    pub at: i64,
    name: String,
    granted: bool,
    source: String,
    method: String,
    version: String,
    message_id: String,
}

/// The answers in the events of a person, oldest first. An event's answers are what a profile makes of it alone.
///
/// # Errors
/// A lake that can't be read, or a damaged file: it is named.
pub fn given(installation: &Installation, profile: &Profile<'_>) -> Result<Vec<Given>> {
    let durable = installation.pump.durable.as_ref().context("the installation has no lake")?;
    let keys: BTreeSet<Key> = profile.identifiers.iter().map(|identifier| identifier.key).collect();
    // By message: the lake may hold one twice until it is compacted.
    let mut all: BTreeMap<(i64, String, String), Given> = BTreeMap::new();
    for path in block_on(durable.lake.list(EVENTS))? {
        if !mentions(&path, block_on(durable.lake.open(&path))?, |key| keys.contains(&key))? {
            continue;
        }
        replay(&path, block_on(durable.lake.open(&path))?, |row| {
            if !is_theirs(&row.event.identifiers, &profile.identifiers) {
                return;
            }
            let mut alone = Profile::default();
            alone.apply(&row.event);
            for channel in &alone.channels {
                if let Some(answer) = Given::of(channel, &row.event) {
                    all.insert((answer.at, answer.name.clone(), answer.message_id.clone()), answer);
                }
            }
        })?;
    }
    Ok(all.into_values().collect())
}

impl Given {
    fn of(channel: &ChannelState<'_>, event: &Event<'_>) -> Option<Given> {
        let (at, granted) = channel.consent?;
        let proof = channel.proof?;
        Some(Given {
            at,
            name: channel.name.to_owned(),
            granted,
            source: proof.source.to_owned(),
            method: proof.method.to_owned(),
            version: proof.version.to_owned(),
            message_id: event.message_id.clone().into_owned(),
        })
    }

    pub fn as_json(&self) -> Value {
        json!({
            "name": self.name, "granted": self.granted, "at": iso_time(self.at),
            "proof": {
                "source": self.source, "method": self.method, "version": self.version, "message_id": self.message_id,
            },
        })
    }

    /// The answer and its proof in a line.
    pub fn text(&self) -> String {
        let yes = if self.granted { "yes" } else { "no" };
        let version =
            if self.version.is_empty() { String::new() } else { format!(" to text {}", self.version) };
        let method = if self.method.is_empty() { String::new() } else { format!(", by {}", self.method) };
        format!(
            "{}: {yes}{version}{method}, told by {} in message {}",
            self.name, self.source, self.message_id
        )
    }
}

/// Whether an event with these identifiers, strongest first, is of who is known by `own`: one with a user id is that
/// user's; one without of whoever an identifier for a person names; one with neither of whoever has its device.
fn is_theirs(identifiers: &[Identifier], own: &[Identifier]) -> bool {
    let is_personal = |identifier: &&Identifier| identifier.kind <= IdentifierKind::Phone;
    match identifiers.first() {
        Some(first) if first.kind == IdentifierKind::User => own.contains(first),
        Some(first) if is_personal(&first) => {
            identifiers.iter().filter(is_personal).any(|identifier| own.contains(identifier))
        }
        _ => identifiers.iter().any(|identifier| own.contains(identifier)),
    }
}
