//! The configuration of an installation: reviewed files, checked before they are live.

use crate::problems::{Problem, Problems};
use campaign::{Campaign, Campaigns, Caps, Sender, Share, Templates, parse_duration};
use event::{Currency, MINUTE, Mapping, ParserSettings};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Everything below `config/`, checked.
pub struct Config {
    /// The shop's name, the title of reports.
    pub name: String,
    pub parser: ParserSettings,
    pub delivery: deliver_messages::Settings,
    /// How long a due step waits for late events, ms.
    pub lateness: i64,
    pub campaigns: Campaigns,
    /// Mappings by file name without `.yaml`.
    pub mappings: BTreeMap<String, Mapping>,
    /// How many files were read.
    pub files: usize,
}

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
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookFile {
    url: String,
    #[serde(default)]
    personal: Vec<String>,
}

impl Config {
    /// Reads a configuration folder. A folder or file that is not there is empty; a file with mistakes is not
    /// used, and each mistake is reported with its place.
    pub fn read(folder: &Path) -> (Config, Problems) {
        let mut problems = Problems::default();
        let mut config = Config {
            name: "Customer report".into(),
            parser: ParserSettings::default(),
            delivery: deliver_messages::Settings::new(Sender {
                name: String::new(),
                address: "rondo@localhost".into(),
            }),
            lateness: MINUTE,
            campaigns: Campaigns::default(),
            mappings: BTreeMap::new(),
            files: 0,
        };
        let settings = folder.join("settings.yaml");
        if settings.exists()
            && let Some(text) = read_file(&settings, &mut problems)
        {
            config.files += 1;
            config.settings(&settings, &text, &mut problems);
        }
        config.campaigns(folder, &mut problems);
        for path in files(&folder.join("mappings"), "yaml", &mut problems) {
            let Some(text) = read_file(&path, &mut problems) else { continue };
            config.files += 1;
            match Mapping::parse(&text) {
                Ok(mapping) => drop(config.mappings.insert(stem(&path), mapping)),
                Err(error) => problems.add(Problem::new(&path, error.line, error.column, error.message)),
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
        if let Some(sender) = file.sender {
            self.delivery.sender = sender;
        }
        self.delivery.unsubscribe_url = file.unsubscribe_url;
        self.delivery.holdout = file.global_holdout;
        self.delivery.caps = file.caps;
        let webhooks = file.webhooks.into_iter();
        self.delivery.webhooks = webhooks
            .map(|(name, file)| {
                (name, deliver_messages::WebhookSettings { url: file.url, personal: file.personal })
            })
            .collect();
    }

    fn campaigns(&mut self, folder: &Path, problems: &mut Problems) {
        let mut sources = Vec::new();
        for path in files(&folder.join("templates"), "", problems) {
            let Some(text) = read_file(&path, problems) else { continue };
            self.files += 1;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match campaign::Message::check(&name, &text) {
                Ok(()) => sources.push((name, text)),
                Err(error) => {
                    problems.add(Problem::new(&path, error.line as u64, 1, error.reason));
                    // One mistake is told once: campaigns that use the template have none of their own.
                    sources.push((name, String::new()));
                }
            }
        }
        let templates = match Templates::new(sources) {
            Ok(templates) => templates,
            Err(error) => {
                let path = folder.join("templates").join(&error.name);
                problems.add(Problem::new(&path, error.line as u64, 1, error.reason));
                return;
            }
        };
        let mut live: Vec<Campaign> = Vec::new();
        for path in files(&folder.join("campaigns"), "yaml", problems) {
            let Some(text) = read_file(&path, problems) else { continue };
            self.files += 1;
            match Campaign::parse(&text, &templates) {
                Ok(campaign) if live.iter().any(|other| other.name == campaign.name) => {
                    let message = format!("there is another campaign `{}`; names must differ", campaign.name);
                    problems.add(Problem::new(&path, 1, 1, message));
                }
                Ok(campaign) => live.push(campaign),
                Err(error) => problems.add(Problem::new(&path, error.line, error.column, error.message)),
            }
        }
        self.campaigns = Campaigns::new(live);
    }
}

/// Files of a folder with an ending (any, where it is empty), in order of their names.
fn files(folder: &Path, ending: &str, problems: &mut Problems) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problems.add(Problem::new(folder, 0, 0, format!("can't be read: {error}")));
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')))
        .filter(|path| ending.is_empty() || path.extension().is_some_and(|e| e == ending || e == "yml"))
        .collect();
    files.sort();
    files
}

fn read_file(path: &Path, problems: &mut Problems) -> Option<String> {
    match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) => {
            problems.add(Problem::new(path, 0, 0, format!("can't be read: {error}; it must be UTF-8 text")));
            None
        }
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
