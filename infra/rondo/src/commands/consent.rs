//! `rondo consent`: what a person agreed to, and by what each answer is proved.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, ask};
use crate::commands::consent_history::{Given, given};
use crate::commands::local_time::show;
use crate::commands::person::find_person;
use crate::commands::profile::zone_of;
use crate::installation::Installation;
use anyhow::{Context, Result};
use clap::Args;
use event::{Purpose, iso_time};
use person::{ChannelState, Profile};
use serde_json::{Value, json};
use std::fmt::Write;

#[derive(Debug, Args)]
pub struct ConsentArgs {
    /// A user id, anonymous id, e-mail address, phone number, or the 32 digits of a person's key
    id: String,
    /// Every answer that was ever given, out of the lake, and not only the last ones
    #[arg(long)]
    history: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// Prints the answers of one person.
pub fn consent(args: &ConsentArgs) -> Result<()> {
    let ConsentArgs { id, history, json, .. } = args;
    ask(&args.data.path, &Question::Consent { id: id.clone(), history: *history, json: *json })
}

/// The answers as text or JSON; with `history` all that the lake holds, else the last ones.
pub fn answer(installation: &mut Installation, id: &str, history: bool, json: bool) -> Result<String> {
    if history {
        installation.pump.flush_lake()?;
    }
    let found = find_person(installation, id)?;
    let mut profile = Profile::default();
    profile.decode(&found.stored.blob).context("the person's stored profile is damaged")?;
    let is_purpose =
        |channel: &&ChannelState| Purpose::ALL.iter().any(|purpose| purpose.as_str() == channel.name);
    let (purposes, channels): (Vec<_>, Vec<_>) =
        profile.channels.iter().filter(|channel| channel.consent.is_some()).partition(is_purpose);
    let given = if history { Some(given(installation, &profile)?) } else { None };
    if json {
        let object = |list: &[&ChannelState]| {
            Value::Object(list.iter().map(|c| (c.name.to_owned(), as_json(c))).collect())
        };
        let mut all = json!({
            "person": found.person.to_string(), "purposes": object(&purposes), "channels": object(&channels),
        });
        if let Some(given) = given {
            all["history"] = given.iter().map(Given::as_json).collect();
        }
        return Ok(serde_json::to_string_pretty(&all)?);
    }
    let zone = zone_of(installation, &profile);
    let mut out = format!("Person {}", found.person);
    for (heading, list, none) in
        [("Purposes", purposes, "never asked"), ("Channels", channels, "never asked for one alone")]
    {
        _ = write!(out, "\n{heading}");
        if list.is_empty() {
            _ = write!(out, "\n  {none}");
        }
        for channel in list {
            let Some((at, granted)) = channel.consent else { continue };
            let yes = if granted { "yes" } else { "no" };
            _ = write!(out, "\n  {}: {yes} since {}{}", channel.name, show(at, &zone), proof(channel));
        }
    }
    if let Some(given) = given {
        _ = write!(out, "\nHistory");
        if given.is_empty() {
            _ = write!(out, "\n  the lake holds no answer");
        }
        for answer in given {
            _ = write!(out, "\n  {}  {}", show(answer.at, &zone), answer.text());
        }
    }
    Ok(out)
}

fn as_json(channel: &ChannelState<'_>) -> Value {
    let (at, granted) = channel.consent.unwrap_or_default();
    let proof = channel.proof.map(|proof| {
        json!({
            "source": proof.source, "method": proof.method, "version": proof.version,
            "message": format!("{:016x}", proof.message.0),
        })
    });
    json!({"granted": granted, "at": iso_time(at), "proof": proof})
}

/// By what the answer is proved; nothing for one that an earlier release took.
fn proof(channel: &ChannelState<'_>) -> String {
    let Some(proof) = &channel.proof else { return ", no proof was kept".into() };
    let version =
        if proof.version.is_empty() { String::new() } else { format!(" to text {}", proof.version) };
    let method = if proof.method.is_empty() { String::new() } else { format!(", by {}", proof.method) };
    format!("{version}{method}, told by {} in message {:016x}", proof.source, proof.message.0)
}
