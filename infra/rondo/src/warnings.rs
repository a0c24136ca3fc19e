//! What is no mistake in a configuration, and yet hardly meant.

use campaign::{Campaign, ChannelKind, Lane, Message};
use config::{Config, Problem};
use std::fs;
use std::path::{Path, PathBuf};

/// Everything that should be looked at in a configuration without mistakes.
pub fn warnings(folder: &Path, config: &Config) -> Vec<Problem> {
    let mut found = Vec::new();
    for part in ["campaigns", "mappings"] {
        found.extend(not_read(&folder.join(part), &["yaml", "yml"]));
    }
    found.extend(not_read(&folder.join("tracking-plan"), &["yaml", "yml", "json"]));
    for campaign in config.campaigns.iter() {
        let file = campaign_file(folder, &campaign.name);
        for (name, message) in campaign.sends() {
            found.extend(of_message(folder, &file, config, campaign, name, message));
        }
    }
    found.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    found.dedup();
    found
}

fn of_message(
    folder: &Path,
    file: &Path,
    config: &Config,
    campaign: &Campaign,
    step: &str,
    message: &Message,
) -> Vec<Problem> {
    let mut found = Vec::new();
    let template = folder.join("templates").join(&message.template);
    let is_email = message.kind == ChannelKind::Email;
    if is_email && campaign.lane == Lane::Marketing {
        let delivery = &config.settings.delivery;
        if delivery.unsubscribe_url.is_none() && delivery.public_url.is_none() {
            let settings = folder.join("settings.yaml");
            let advice = "there is neither a public_url nor an unsubscribe_url; marketing by e-mail needs one of them: mailboxes and laws \
                 ask for it";
            found.push(Problem::new(&settings, 0, 0, advice));
        } else if !message.shows_unsubscribe_url() {
            let advice = format!(
                "marketing by e-mail (campaign {}) has to show where to unsubscribe; add {{{{ unsubscribe_url }}}}",
                campaign.name
            );
            found.push(Problem::new(&template, 0, 0, advice));
        }
    }
    if message.kind == ChannelKind::Webhook
        && !config.settings.delivery.webhooks.contains_key(&message.channel)
    {
        let (line, column) = place_of(file, step).unwrap_or((1, 1));
        let advice =
            format!("the settings have no webhook `{}`, so that nothing will be sent by it", message.channel);
        found.push(Problem::new(file, line, column, advice));
    }
    for name in message.kept_fields().filter(|name| !campaign.entry.keep.iter().any(|kept| kept == name)) {
        let path = format!("kept.{name}");
        let places = [&template, file].map(|at| Some((at, place_of(at, &path)?)));
        let (at, (line, column)) = places.into_iter().flatten().next().unwrap_or((&template, (0, 0)));
        let advice = format!(
            "`{path}` is always empty: campaign {} does not keep `{name}`; list it in entry: keep",
            campaign.name
        );
        found.push(Problem::new(at, line, column, advice));
    }
    found
}

/// Files of a folder that are not read, since their names end in something else.
fn not_read(folder: &Path, endings: &[&str]) -> Vec<Problem> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_read = |path: &Path| path.extension().is_some_and(|ending| endings.iter().any(|e| ending == *e));
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && !is_read(path))
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')))
        .map(|path| {
            Problem::new(
                &path,
                0,
                0,
                format!("is not read: files here end in .{}", endings.join(", .").replace(", .yml", "")),
            )
        })
        .collect()
}

/// The file of a campaign.
fn campaign_file(folder: &Path, name: &str) -> PathBuf {
    let folder = folder.join("campaigns");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let names_it = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut names = text.lines().filter_map(|line| line.strip_prefix("name:"));
        names
            .any(|value| value.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']) == name)
    };
    entries.into_iter().find(names_it).unwrap_or(folder)
}

/// Where a text first stands in a file, line and column from 1.
fn place_of(file: &Path, text: &str) -> Option<(u64, u64)> {
    let source = fs::read_to_string(file).ok()?;
    source.lines().zip(1..).find_map(|(line, number)| {
        let at = line.find(text)?;
        Some((number, line[..at].chars().count() as u64 + 1))
    })
}
