//! The configuration of an installation: reviewed files, checked before they are live.

use crate::{Files, Problem, Problems};
use campaign::{
    Campaign, Campaigns, Caps, DeliverySettings, Sender, Share, Templates, WebhookSettings, parse_duration,
};
use event::{Currency, MINUTE, Mapping, ParserSettings};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::Path;

/// Everything that a configuration says, checked.
pub struct Config {
    /// The shop's name, the title of reports.
    pub name: String,
    pub parser: ParserSettings,
    pub delivery: DeliverySettings,
    /// How long a due step waits for late events, ms.
    pub lateness: i64,
    pub campaigns: Campaigns,
    /// Mappings by file name without `.yaml`.
    pub mappings: BTreeMap<String, Mapping>,
    /// Digests (SHA-256) of the keys under which sources may write, by the name of the source.
    pub write_keys: BTreeMap<String, [u8; 32]>,
    /// How many files were read.
    pub files: usize,
}

/// The file of settings.
const SETTINGS: &str = "settings.yaml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    name: Option<String>,
    region: Option<Spanned<String>>,
    currency: Option<Spanned<String>>,
    time_zone: Option<Spanned<String>>,
    sender: Option<Sender>,
    unsubscribe_url: Option<String>,
    #[serde(default)]
    webhooks: BTreeMap<String, WebhookFile>,
    lateness: Option<Spanned<String>>,
    #[serde(default)]
    global_holdout: Share,
    #[serde(default)]
    caps: Caps,
    #[serde(default)]
    write_keys: BTreeMap<String, Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookFile {
    url: String,
    #[serde(default)]
    personal: Vec<String>,
}

impl Config {
    /// Reads the files of a configuration. One that is not there is empty; a file with mistakes is not used, and
    /// each mistake is reported with its place.
    pub fn read(files: &Files) -> (Config, Problems) {
        let mut problems = Problems::default();
        let mut config = Config {
            name: "Customer report".into(),
            parser: ParserSettings::default(),
            delivery: DeliverySettings::new(Sender {
                name: String::new(),
                address: "rondo@localhost".into(),
            }),
            lateness: MINUTE,
            campaigns: Campaigns::default(),
            mappings: BTreeMap::new(),
            write_keys: BTreeMap::new(),
            files: 0,
        };
        if let Some(text) = files.get(SETTINGS) {
            config.files += 1;
            config.settings(Path::new(SETTINGS), text, &mut problems);
        }
        config.campaigns(files, &mut problems);
        for (path, text) in yaml(files.below("mappings/")) {
            config.files += 1;
            match Mapping::parse(text) {
                Ok(mapping) => drop(config.mappings.insert(stem(path), mapping)),
                Err(error) => {
                    problems.add(Problem::new(path, error.line, error.column, error.message));
                }
            }
        }
        (config, problems)
    }

    fn settings(&mut self, path: &Path, text: &str, problems: &mut Problems) {
        let file: SettingsFile = match serde_saphyr::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                problems.add(Problem::of_yaml(path, &error));
                return;
            }
        };
        let mut wrong = |at: &Spanned<String>, message: String| {
            problems.add(Problem::new(path, at.referenced.line(), at.referenced.column(), message));
        };
        if let Some(name) = file.name {
            self.name = name;
        }
        if let Some(region) = file.region {
            match region.value.trim() {
                code if code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) => {
                    self.parser.region = code.into();
                }
                code => wrong(
                    &region,
                    format!("`{code}` is no country; write two capital letters, like CN or DE"),
                ),
            }
        }
        if let Some(code) = file.currency {
            match Currency::parse(&code.value) {
                Some(currency) => self.parser.currency = currency,
                None => {
                    wrong(&code, format!("`{}` is no currency; write three letters, like EUR", code.value))
                }
            }
        }
        if let Some(zone) = file.time_zone {
            match campaign::time_zone(&zone.value) {
                Some(found) => self.delivery.zone = found,
                None => {
                    wrong(&zone, format!("`{}` is no time zone; write one like Asia/Shanghai", zone.value))
                }
            }
        }
        if let Some(lateness) = file.lateness {
            match parse_duration(&lateness.value) {
                Some(ms) => self.lateness = ms,
                None => wrong(&lateness, format!("`{}` is no time span; write one like 1m", lateness.value)),
            }
        }
        for (source, digest) in file.write_keys {
            match parse_digest(&digest.value) {
                Some(bytes) => drop(self.write_keys.insert(source, bytes)),
                None => wrong(
                    &digest,
                    "a write key is kept as `sha256:` and 64 hexadecimal digits; `rondo key` makes one"
                        .into(),
                ),
            }
        }
        if let Some(sender) = file.sender {
            self.delivery.sender = sender;
        }
        self.delivery.unsubscribe_url = file.unsubscribe_url;
        self.delivery.holdout = file.global_holdout;
        self.delivery.caps = file.caps;
        let webhooks = file.webhooks.into_iter();
        self.delivery.webhooks = webhooks
            .map(|(name, file)| (name, WebhookSettings { url: file.url, personal: file.personal }))
            .collect();
    }

    fn campaigns(&mut self, files: &Files, problems: &mut Problems) {
        let mut sources = Vec::new();
        for (path, text) in files.below("templates/") {
            self.files += 1;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match campaign::Message::check(&name, text) {
                Ok(()) => sources.push((name, text.to_owned())),
                Err(error) => {
                    problems.add(Problem::new(path, error.line as u64, 1, error.reason));
                    // One mistake is told once: campaigns that use the template have none of their own.
                    sources.push((name, String::new()));
                }
            }
        }
        let templates = match Templates::new(sources) {
            Ok(templates) => templates,
            Err(error) => {
                let path = Path::new("templates").join(&error.name);
                problems.add(Problem::new(&path, error.line as u64, 1, error.reason));
                return;
            }
        };
        let mut live: Vec<Campaign> = Vec::new();
        for (path, text) in yaml(files.below("campaigns/")) {
            self.files += 1;
            match Campaign::parse(text, &templates) {
                Ok(campaign) if live.iter().any(|other| other.name == campaign.name) => {
                    let message = format!("there is another campaign `{}`; names must differ", campaign.name);
                    problems.add(Problem::new(path, 1, 1, message));
                }
                Ok(campaign) => live.push(campaign),
                Err(error) => problems.add(Problem::new(path, error.line, error.column, error.message)),
            }
        }
        self.campaigns = Campaigns::new(live);
    }
}

/// The files among these that hold YAML.
fn yaml<'f>(files: impl Iterator<Item = (&'f Path, &'f str)>) -> impl Iterator<Item = (&'f Path, &'f str)> {
    files.filter(|(path, _)| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"))
}

/// `sha256:` and 64 hexadecimal digits.
fn parse_digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim().strip_prefix("sha256:")?.as_bytes();
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let digit = |byte: u8| (byte as char).to_digit(16);
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(bytes)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
