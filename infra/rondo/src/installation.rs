//! One installation: a data folder with its keys, log, store, lake, outbox, reports and configuration.

use crate::config_folder::read_config;
use crate::creatives::read_creatives;
use crate::privacy::read_list;
use crate::pump::{Durable, Pump};
use anyhow::{Context, Result, bail};
use campaign::{Throttle, WebhookSecrets, WebhookSettings};
use collect_events::Webhooks;
use embedded::{BusLog, Intake, Keys, LakeFolder, Outbox, PrivacyFolder, Sealer, Store};
use event::dialect::WebhookSource;
use event::{Parser, Privacy, Pseudonymizer};
use pollster::block_on;
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use token::TokenKey;
use webhook::Webhook;

/// An open data folder. One process has it at a time.
pub struct Installation {
    pub folder: PathBuf,
    pub name: String,
    pub parser: Parser,
    pub mappings: std::collections::BTreeMap<String, event::Mapping>,
    /// What the tracking plan names.
    pub planned: build_reports::Planned,
    /// Digests of the write keys that the configuration names, by source.
    pub write_keys: std::collections::BTreeMap<String, Vec<[u8; 32]>>,
    /// How many events a second a source may send.
    pub rate_limits: std::collections::BTreeMap<String, u32>,
    /// Sources that send webhooks, with what they sign with.
    pub webhooks: collect_events::Webhooks,
    pub delivery: campaign::DeliverySettings,
    pub placements: Arc<campaign::Placements>,
    /// Whether what a shop system asks to be erased is erased without anybody's approval.
    pub erases_unasked: bool,
    pub outbox: Outbox,
    pub webhook: Webhook,
    /// When the next message of a channel may go that takes so many a second.
    pub throttle: Throttle,
    /// When this began: by a clock that never goes back.
    pub began: Instant,
    /// The privacy list, receipts and the access log.
    pub privacy: PrivacyFolder,
    pub pump: Pump,
    /// Claims that a crash left open: whether these messages were sent, nobody knows.
    pub unknown: Vec<campaign::LedgerEntry>,
    _lock: File,
}

impl Installation {
    /// Opens a data folder, which is made where it is not there, and takes up what a crash left.
    ///
    /// # Errors
    /// A folder that can't be written, or is in use by another process; mistakes in its configuration.
    pub fn open(folder: &Path) -> Result<Installation> {
        fs::create_dir_all(folder).with_context(|| format!("making the data folder {}", folder.display()))?;
        let (mut config, problems) = read_config(&folder.join("config"));
        if !problems.is_empty() {
            bail!("the configuration has mistakes:\n{problems}");
        }
        let lock = lock(folder)?;
        let privacy = PrivacyFolder::new(folder.join("privacy"));
        config.settings.parser.privacy = Arc::new(Privacy::new(read_list(&privacy)?));
        let keys = Keys::open(&folder.join("keys"))?;
        let sealer = Sealer::new(&keys.vault);
        let store = Store::open(&folder.join("store.redb"), sealer.clone())?;
        let log = BusLog::open(&folder.join("bus"))?;
        let intake = Intake::new(log.clone(), sealer);
        let durable = Durable { log, intake, lake: LakeFolder::new(folder.join("lake")) };
        let mut pump = Pump::open(store, Some(durable), config.campaigns, config.settings.lateness)?;
        config.settings.delivery.privacy = Arc::clone(&config.settings.parser.privacy);
        pump.privacy = Arc::clone(&config.settings.parser.privacy);
        pump.identity = config.settings.identity;
        pump.zone = config.settings.delivery.zone.clone();
        config.settings.delivery.creatives = Arc::new(read_creatives(folder)?);
        fill_webhooks(folder, &mut config.settings.delivery.webhooks)?;
        let now = clock();
        let outbox = Outbox::new(folder.join("outbox"))
            .with_context(|| format!("making {}", folder.join("outbox").display()))?;
        let unknown = block_on(deliver_messages::recover(&pump.store, &outbox, now, i64::MAX))?;
        pump.commit()?;
        let parser = Parser::new(Pseudonymizer::new(&keys.hash), config.settings.parser);
        config.settings.delivery.tokens = Some(TokenKey::of(parser.hasher()));
        let mut installation = Installation {
            folder: folder.to_owned(),
            name: config.settings.name,
            parser,
            mappings: config.mappings,
            planned: config.planned.0,
            webhooks: webhooks(folder, &config.settings.incoming_webhooks)?,
            write_keys: config.settings.write_keys,
            rate_limits: config.settings.rate_limits,
            delivery: config.settings.delivery,
            placements: Arc::new(config.placements),
            erases_unasked: config.settings.erases_unasked,
            outbox,
            webhook: Webhook::default(),
            throttle: Throttle::default(),
            began: Instant::now(),
            privacy,
            pump,
            unknown,
            _lock: lock,
        };
        installation.finish_erasures()?;
        Ok(installation)
    }

    /// Writes a report over the whole lake and returns its page. `now` is UTC ms.
    pub fn report(&mut self, now: i64) -> Result<PathBuf> {
        let lake = self.whole_lake(now)?;
        let reports = LakeFolder::new(&self.folder);
        block_on(build_reports::run(&lake, &reports, &self.pump.store, now, &self.report_settings()))?;
        Ok(self.folder.join("reports/latest/index.html"))
    }

    /// The catalogue and data quality of the whole lake. `now` is UTC ms.
    pub fn insight(&mut self, now: i64) -> Result<build_reports::Insight> {
        let lake = self.whole_lake(now)?;
        Ok(block_on(build_reports::insight(&lake, &self.pump.store, now, &self.report_settings()))?)
    }

    /// The lake, with all that was taken in up to now.
    pub(crate) fn whole_lake(&mut self, now: i64) -> Result<LakeFolder> {
        self.pump.catch_up(now)?;
        self.pump.flush_lake()?;
        self.pump.commit()?;
        Ok(LakeFolder::new(self.folder.join("lake")))
    }

    /// How reports are made here.
    pub fn report_settings(&self) -> build_reports::Settings {
        build_reports::Settings {
            title: self.name.clone(),
            planned: self.planned.clone(),
            ..build_reports::Settings::default()
        }
    }

    /// Makes everything durable, the lake included.
    pub fn close(mut self) -> Result<()> {
        self.pump.flush_lake()?;
        self.pump.commit()
    }
}

/// The sources of webhooks, with their secrets from `keys/webhooks.json`.
fn webhooks(folder: &Path, sources: &BTreeMap<String, WebhookSource>) -> Result<Webhooks> {
    if sources.is_empty() {
        return Ok(Webhooks::default());
    }
    let path = folder.join("keys/webhooks.json");
    let secrets = match fs::read(&path) {
        Ok(secrets) => secrets,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let webhooks = Webhooks::new(sources, &secrets).map_err(|error| {
        let at = format!("{}:{}:{}", path.display(), error.line(), error.column());
        anyhow::anyhow!("{at}: not a JSON object of names and secrets, like {{\"shop\": \"…\"}}")
    })?;
    for name in sources.keys().filter(|name| !webhooks.names().any(|known| known == name.as_str())) {
        tracing::warn!(source = name, "no webhooks are taken of it: keys/webhooks.json has no secret for it");
    }
    Ok(webhooks)
}

/// Puts what webhooks are signed with, and URLs that are secrets, beside their settings: `keys/webhooks-out.json`.
fn fill_webhooks(folder: &Path, webhooks: &mut BTreeMap<String, WebhookSettings>) -> Result<()> {
    let path = folder.join("keys/webhooks-out.json");
    let json = match fs::read(&path) {
        Ok(json) => json,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let secrets =
        WebhookSecrets::parse(&json).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    secrets.fill(webhooks);
    for name in secrets.names().filter(|name| !webhooks.contains_key(*name)) {
        tracing::warn!(
            webhook = name,
            "keys/webhooks-out.json has a secret of a webhook that settings.yaml does not name"
        );
    }
    Ok(())
}

/// Keeps other processes out for as long as it lives.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let open = File::options().write(true).create(true).truncate(false).open(&path);
    let file = open.with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "{} is in use by another process; stop it first (a running `rondo serve` answers for its data)",
            folder.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// The wall clock, UTC ms.
#[allow(clippy::disallowed_methods)] // the edge, where the time comes in
pub fn clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
