//! `rondo preview`: a message as one person would get it, without what is personal in it.

use crate::commands::DataFolder;
use crate::commands::ask::{Question, text_of};
use crate::commands::person::find_person;
use crate::commands::say::say;
use crate::installation::Installation;
use anyhow::{Context, Result, bail};
use campaign::{JourneyStore, Journeys, Lane, MessageContext, Utm};
use clap::Args;
use event::Key;
use person::Profile;
use pollster::block_on;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct PreviewArgs {
    campaign: String,
    /// The name of a `send`
    step: String,
    /// A user id, anonymous id, e-mail address, phone number, or the 32 digits of a person's key
    person: String,
    /// What the campaign kept of the entry event, a JSON object; that of a journey of theirs under way if not given
    #[arg(long, value_name = "JSON")]
    kept: Option<String>,
    /// What the journey is keyed by
    #[arg(long)]
    key: Option<String>,
    /// Write the HTML, or the text where there is none, into a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: DataFolder,
}

/// What is to be shown.
#[derive(Debug, Serialize, Deserialize)]
pub struct Wanted {
    campaign: String,
    step: String,
    person: String,
    kept: Option<String>,
    key: Option<String>,
}

/// A message as it would be sent.
#[derive(Serialize, Deserialize)]
struct Shown {
    subject: String,
    html: String,
    text: String,
    missing: Vec<String>,
}

/// Prints subject and text, and warns of what the templates look up in vain.
pub fn preview(args: &PreviewArgs) -> Result<()> {
    let (campaign, step, person) = (args.campaign.clone(), args.step.clone(), args.person.clone());
    let wanted = Wanted { campaign, step, person, kept: args.kept.clone(), key: args.key.clone() };
    let shown: Shown = serde_json::from_str(&text_of(&args.data.path, &Question::Preview(wanted))?)
        .context("the running server is of another release; start it anew")?;
    for path in &shown.missing {
        eprintln!(
            "warning: `{path}` is not there for this person and prints as nothing; write {{{{ {path} | default('…') }}}}"
        );
    }
    if let Some(file) = &args.out {
        let body = if shown.html.is_empty() { &shown.text } else { &shown.html };
        fs::write(file, body).with_context(|| format!("writing {}", file.display()))?;
    }
    say(&format!("Subject: {}\n\n{}", shown.subject, shown.text.trim_end()));
    Ok(())
}

/// The message as JSON. In the place of personal data stand the names of its fields. `now` is UTC ms.
pub fn answer(installation: &Installation, wanted: &Wanted, now: i64) -> Result<String> {
    let campaigns = &installation.pump.campaigns;
    let Some(campaign) = campaigns.get(&wanted.campaign) else {
        let known: Vec<&str> = campaigns.iter().map(|campaign| campaign.name.as_str()).collect();
        bail!("there is no campaign `{}`; campaigns are: {}", wanted.campaign, known.join(", "));
    };
    let Some(message) = campaign.message(&wanted.step) else {
        let known: Vec<&str> = campaign.sends().map(|(name, _)| name).collect();
        bail!("{} sends no `{}`; it sends: {}", campaign.name, wanted.step, known.join(", "));
    };
    let found = find_person(installation, &wanted.person)?;
    let mut profile = Profile::default();
    profile.decode(&found.stored.blob).context("the person's stored profile is damaged")?;

    let stored = block_on(JourneyStore::load(&installation.pump.store, &[found.person]))?.pop().flatten();
    let journeys = stored.map_or(Ok(Journeys::default()), |stored| Journeys::decode(&stored.blob));
    let journeys = journeys.context("the person's stored journeys are damaged")?;
    let inside = journeys.campaigns().iter().filter(|state| state.campaign == campaign.name);
    let mut under_way = inside.flat_map(|state| &state.active);
    let journey = under_way.find(|journey| wanted.key.as_ref().is_none_or(|key| *key == journey.key));
    let kept = wanted.kept.as_deref().or(journey.map(|journey| journey.kept.as_str())).unwrap_or_default();
    let kept: Value = match kept {
        "" => Value::Object(Default::default()),
        text => serde_json::from_str(text)
            .context("what was kept is no JSON object; write one like {\"name\": \"Tea\"}")?,
    };
    let key = wanted.key.as_deref().or(journey.map(|journey| journey.key.as_str())).unwrap_or_default();

    let person: BTreeMap<String, String> =
        message.person_fields().map(|field| (field.to_owned(), format!("‹{field}›"))).collect();
    let unsubscribe_url = match campaign.lane {
        Lane::Marketing => installation.delivery.unsubscribe_link(Key::default(), None),
        Lane::Service => None,
    };
    let unsubscribe_url = unsubscribe_url.unwrap_or_default();
    let context = MessageContext {
        profile: &profile.to_json(now),
        kept: &kept,
        key,
        person: &person,
        unsubscribe_url: &unsubscribe_url,
    };
    let marks = Utm::of(
        installation.delivery.utm.as_ref(),
        campaign.utm.as_ref(),
        &campaign.name,
        &wanted.step,
        &message.channel,
    );
    let mut rendered = message.render(&context)?;
    if let Some(marks) = marks {
        rendered = rendered.with_marked_links(&marks, &unsubscribe_url);
    }
    let (subject, html, text, missing) = (rendered.subject, rendered.html, rendered.text, rendered.missing);
    Ok(serde_json::to_string(&Shown { subject, html, text, missing })?)
}
