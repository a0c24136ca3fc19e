//! `settings.yaml`: what holds for the whole installation.

use crate::consent::ConsentSection;
use crate::copy_section::{CopySection, CopySettings};
use crate::identity::IdentityFile;
use crate::tracking_plan::PlanSection;
use crate::webhooks::{IncomingFile, WebhookFile};
use crate::write_keys::{OneOrMore, parse_digest};
use crate::{Files, Problem, Problems};
use campaign::{CapSettings, DeliverySettings, Sender, Share, Utm, parse_duration};
use event::dialect::WebhookSource;
use event::{Currency, MINUTE, ParserSettings};
use person::IdentityRules;
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::Path;

/// The settings of an installation, checked.
pub struct Settings {
    /// The shop's name, the title of reports.
    pub name: String,
    pub parser: ParserSettings,
    pub delivery: DeliverySettings,
    /// How many identifiers of a kind one person may have.
    pub identity: IdentityRules,
    /// How long a due step waits for late events, ms.
    pub lateness: i64,
    /// Digests (SHA-256) of the keys under which sources may write, by the name of the source.
    pub write_keys: BTreeMap<String, Vec<[u8; 32]>>,
    /// How many events a second a source may send over HTTP; a source that is not named, as many as it likes.
    pub rate_limits: BTreeMap<String, u32>,
    /// Sources that send webhooks, by name; what they sign with is no part of the configuration.
    pub incoming_webhooks: BTreeMap<String, WebhookSource>,
    /// Whether what a shop system asks to be erased by webhook is erased without anybody's approval.
    pub erases_unasked: bool,
    /// How copy is written that a model writes.
    pub copy: CopySettings,
    /// How the tracking plan is kept. The plan itself is read by those who work with it.
    pub(crate) tracking_plan: PlanSection,
}

impl Default for Settings {
    fn default() -> Settings {
        let sender = Sender { name: String::new(), address: "rondo@localhost".into() };
        let mut delivery = DeliverySettings::new(sender);
        delivery.holdout = Share::GLOBAL_HOLDOUT;
        Settings {
            name: "Customer report".into(),
            parser: ParserSettings::default(),
            delivery,
            identity: IdentityRules::default(),
            lateness: MINUTE,
            write_keys: BTreeMap::new(),
            rate_limits: BTreeMap::new(),
            incoming_webhooks: BTreeMap::new(),
            erases_unasked: false,
            copy: CopySettings::default(),
            tracking_plan: PlanSection::default(),
        }
    }
}

/// The file of settings.
pub(crate) const SETTINGS: &str = "settings.yaml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    name: Option<String>,
    region: Option<Spanned<String>>,
    currency: Option<Spanned<String>>,
    time_zone: Option<Spanned<String>>,
    sender: Option<Sender>,
    public_url: Option<Spanned<String>>,
    unsubscribe_url: Option<String>,
    utm: Option<Utm>,
    unsubscribe_mailto: Option<Spanned<String>>,
    #[serde(default)]
    webhooks: BTreeMap<String, WebhookFile>,
    lateness: Option<Spanned<String>>,
    global_holdout: Option<Share>,
    #[serde(default)]
    caps: CapSettings,
    #[serde(default)]
    write_keys: BTreeMap<String, Spanned<OneOrMore>>,
    #[serde(default)]
    send_rates: BTreeMap<String, Spanned<u32>>,
    #[serde(default)]
    rate_limits: BTreeMap<String, Spanned<u32>>,
    #[serde(default)]
    incoming_webhooks: BTreeMap<String, IncomingFile>,
    #[serde(default)]
    tracking_plan: PlanSection,
    #[serde(default)]
    identity: IdentityFile,
    #[serde(default)]
    consent: ConsentSection,
    #[serde(default)]
    privacy: PrivacySection,
    #[serde(default)]
    copy: CopySection,
}

/// What is done with the rights of a person.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrivacySection {
    #[serde(default)]
    webhooks: OnRequest,
}

/// What becomes of an erasure that a shop system asks for by webhook.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnRequest {
    /// It waits for somebody's approval, since it can't be undone.
    #[default]
    Record,
    Run,
}

impl Settings {
    /// Reads the file of settings, where there is one; each mistake is reported with its place.
    pub(crate) fn read(files: &Files, problems: &mut Problems) -> Settings {
        let mut settings = Settings::default();
        if let Some(text) = files.get(SETTINGS) {
            settings.take(Path::new(SETTINGS), text, problems);
        }
        settings
    }

    fn take(&mut self, path: &Path, text: &str, problems: &mut Problems) {
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
        if let Some(url) = file.public_url {
            match public_url(&url.value) {
                Some(plain) => self.delivery.public_url = Some(plain),
                None => wrong(
                    &url,
                    format!(
                        "`{}` is no address that people's links can lead to; write one like \
                         https://events.shop.example.com, without a path",
                        url.value
                    ),
                ),
            }
        }
        if let Some(address) = file.unsubscribe_mailto {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@.-_+".contains(&byte);
            match address.value.matches('@').count() == 1 && address.value.bytes().all(is_plain) {
                true => self.delivery.unsubscribe_mailto = Some(address.value),
                false => wrong(&address, format!("`{}` is no e-mail address", address.value)),
            }
        }
        if let Some(lateness) = file.lateness {
            match parse_duration(&lateness.value) {
                Some(ms) => self.lateness = ms,
                None => wrong(&lateness, format!("`{}` is no time span; write one like 1m", lateness.value)),
            }
        }
        for (source, digests) in file.write_keys {
            for digest in digests.value.as_slice() {
                match parse_digest(digest) {
                    Some(bytes) => self.write_keys.entry(source.clone()).or_default().push(bytes),
                    None => problems.add(Problem::new(
                        path,
                        digests.referenced.line(),
                        digests.referenced.column(),
                        "a write key is kept as `sha256:` and 64 hexadecimal digits; `rondo key` makes one",
                    )),
                }
            }
        }
        for (source, limit) in file.rate_limits {
            match limit.value {
                0 => problems.add(Problem::new(
                    path,
                    limit.referenced.line(),
                    limit.referenced.column(),
                    "a rate limit is a number of events a second, 1 or more; a source that may send nothing has no \
                     write key",
                )),
                rate => drop(self.rate_limits.insert(source, rate)),
            }
        }
        for (channel, rate) in file.send_rates {
            match rate.value {
                0 => problems.add(Problem::new(
                    path,
                    rate.referenced.line(),
                    rate.referenced.column(),
                    "a send rate is a number of messages a second, 1 or more",
                )),
                rate => drop(self.delivery.rates.insert(channel, rate)),
            }
        }
        self.tracking_plan = file.tracking_plan;
        self.copy = file.copy.check(path, |problem| problems.add(problem));
        self.erases_unasked = matches!(file.privacy.webhooks, OnRequest::Run);
        self.parser.consent = file.consent.rules(|line, column, message| {
            problems.add(Problem::new(path, line, column, message));
        });
        if let Some(sender) = file.sender {
            self.delivery.sender = sender;
        }
        let (limits, blocked) = file.identity.check(path, &self.parser.region, problems);
        (self.identity.limits, self.parser.blocked) = (limits, blocked);
        self.incoming_webhooks =
            file.incoming_webhooks.into_iter().map(|(name, file)| (name, file.into())).collect();
        self.delivery.unsubscribe_url = file.unsubscribe_url;
        self.delivery.utm = file.utm;
        if let Some(holdout) = file.global_holdout {
            self.delivery.holdout = holdout;
        }
        self.delivery.caps = file.caps;
        for (name, file) in file.webhooks {
            match file.check() {
                Ok(settings) => drop(self.delivery.webhooks.insert(name, settings)),
                Err((url, message)) => {
                    problems.add(Problem::new(path, url.referenced.line(), url.referenced.column(), message))
                }
            }
        }
    }
}

/// A scheme and a host, without the slash at its end; plain HTTP on this machine alone.
fn public_url(url: &str) -> Option<String> {
    let url = url.trim().trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| {
        let host = url.strip_prefix("http://")?;
        let name = host.split(':').next().unwrap_or_default();
        matches!(name, "localhost" | "127.0.0.1").then_some(host)
    })?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_plain)).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Settings, String) {
        let (mut files, mut problems) = (Files::default(), Problems::default());
        files.insert(SETTINGS, text.to_owned());
        let settings = Settings::read(&files, &mut problems);
        (settings, problems.to_string())
    }

    #[test]
    fn an_erasure_waits_unless_the_settings_say_otherwise() {
        assert!(!read("name: Shop\n").0.erases_unasked);
        assert!(!read("privacy: { webhooks: record }\n").0.erases_unasked);
        assert!(read("privacy: { webhooks: run }\n").0.erases_unasked);
        let (_, problems) = read("privacy:\n  webhooks: always\n");
        assert!(problems.contains("settings.yaml:2:"), "{problems}");
    }

    #[test]
    fn one_in_twenty_is_held_out_unless_the_settings_say_otherwise() {
        let (mut settings, mut problems) = (Settings::default(), Problems::default());
        settings.take(Path::new(SETTINGS), "name: Shop\n", &mut problems);
        assert_eq!(settings.delivery.holdout, Share::new(0.05).unwrap());
        settings.take(Path::new(SETTINGS), "global_holdout: 0\n", &mut problems);
        assert_eq!(settings.delivery.holdout, Share::new(0.0).unwrap());
        assert_eq!(problems.to_string(), "");
    }

    #[test]
    fn what_copy_is_written_by() {
        let text = "copy:\n  model: amazon.nova-lite-v1:0\n  region: eu-central-1\n  prices: { input: 0.06, output: 0.24 }\n  \
                    guardrail: { id: g-1, version: \"2\" }\n  notes: [No puns.]\n";
        let (settings, problems) = read(text);
        assert_eq!(problems, "");
        assert_eq!(settings.copy.model.as_deref(), Some("amazon.nova-lite-v1:0"));
        assert_eq!((settings.copy.max_tokens, settings.copy.prices), (4_000, Some((0.06, 0.24))));
        assert_eq!(settings.copy.guardrail, Some(("g-1".to_owned(), "2".to_owned())));
        for (text, told) in [
            ("copy:\n  model: my model\n", "settings.yaml:2:10: a model is named by its id"),
            ("copy:\n  region: Frankfurt\n", "settings.yaml:2:11: this is no region"),
            ("copy:\n  max_tokens: 7\n", "settings.yaml:2:15: an answer has 100 to 64000"),
            ("copy:\n  prices: { input: -1, output: 0 }\n", "settings.yaml:2:11: prices are dollars"),
            ("copy:\n  modell: x\n", "settings.yaml:2:3: unknown field `modell`"),
        ] {
            let (_, problems) = read(text);
            assert!(problems.starts_with(told), "{problems}");
        }
    }

    #[test]
    fn caps_by_day_window_channel_and_all_together() {
        let text = "caps:\n  per_day: 2\n  rolling: { 24h: 3, 7d: 5 }\n  channels:\n    sms: { per_day: 1, rolling: { \
                    7d: 2 } }\n  all_channels: { per_day: 3 }\n";
        let (settings, problems) = read(text);
        assert_eq!(problems, "");
        let (email, sms) = (settings.delivery.caps.of("email"), settings.delivery.caps.of("sms"));
        let (day, week) = (event::DAY, 7 * event::DAY);
        assert_eq!(email.channel.per_day, Some(2));
        assert_eq!(email.channel.rolling.0.into_iter().collect::<Vec<_>>(), [(day, 3), (week, 5)]);
        assert_eq!(sms.channel.per_day, Some(1));
        assert_eq!(sms.channel.rolling.0.into_iter().collect::<Vec<_>>(), [(day, 3), (week, 2)]);
        assert_eq!((email.all_channels.per_day, sms.all_channels.per_day), (Some(3), Some(3)));
        let (_, problems) = read("caps:\n  rolling: { 40d: 1 }\n");
        assert!(problems.contains("`40d` is no window of a cap"), "{problems}");
    }

    #[test]
    fn a_source_has_one_write_key_or_several() {
        let digest = |n: u8| format!("sha256:{}", format!("{n:02x}").repeat(32));
        let (one, two, three) = (digest(1), digest(2), digest(3));
        let text = format!(
            "write_keys:\n  web: \"{one}\"\n  app: [\"{two}\", \"{three}\"]\nrate_limits: {{ web: 50 }}\n"
        );
        let (settings, problems) = read(&text);
        assert_eq!(problems, "");
        assert_eq!(settings.write_keys["web"], [[1; 32]]);
        assert_eq!(settings.write_keys["app"], [[2; 32], [3; 32]]);
        assert_eq!(settings.rate_limits["web"], 50);
        let (_, problems) =
            read(&format!("write_keys:\n  app: [\"{two}\", s3cret]\nrate_limits: {{ web: 0 }}\n"));
        assert!(
            problems.contains("settings.yaml:2:8: a write key") && !problems.contains("s3cret"),
            "{problems}"
        );
        assert!(problems.contains("settings.yaml:3:21: a rate limit"), "{problems}");
    }
}
