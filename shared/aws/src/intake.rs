//! What the functions of intake work with, made of what the environment names.

use crate::{
    Aws, Bus, CountedQuarantine, LiveConfig, LivePrivacy, QualityTable, QuarantineBucket, Seals, Secret,
    VaultTable,
};
use config::IntakeConfig;
use event::{Parser, ParserSettings, PortError, Pseudonymizer};
use lambda::variables::*;
use lambda::{Environment, EnvironmentError};
use std::sync::Arc;

/// Where accepted and refused records go, and the rules by which they are read.
pub struct Intake {
    pub bus: Bus,
    pub vault: VaultTable,
    pub quarantine: CountedQuarantine<QuarantineBucket>,
    rules: IntakeRules,
}

impl Intake {
    /// # Errors
    /// A variable that is missing or wrong.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<Intake, EnvironmentError> {
        let SealedStores { vault, quarantine } = SealedStores::of(aws, settings)?;
        let rules = IntakeRules::of(aws, settings)?;
        Ok(Intake { bus: Bus::of(aws, settings)?, vault, quarantine, rules })
    }

    /// As [`IntakeRules::current`].
    pub async fn current(&self, now: i64) -> Result<(Arc<IntakeConfig>, Parser), PortError> {
        self.rules.current(now).await
    }
}

/// The stores that hold raw personal data, under one seal.
pub struct SealedStores {
    pub vault: VaultTable,
    /// Counts what is put in where `QUALITY_TABLE` is set.
    pub quarantine: CountedQuarantine<QuarantineBucket>,
}

impl SealedStores {
    /// # Errors
    /// A variable that is missing.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<SealedStores, EnvironmentError> {
        let seals = Seals::new(aws, settings.required(VAULT_KEY)?);
        let vault = VaultTable::new(aws, settings.required(VAULT_TABLE)?).sealed(seals.clone());
        let quarantine = QuarantineBucket::new(aws, settings.required(QUARANTINE_BUCKET)?).sealed(seals);
        let counts = settings.optional(QUALITY_TABLE).map(|table| QualityTable::new(aws, table));
        Ok(SealedStores { vault, quarantine: CountedQuarantine::new(quarantine, counts) })
    }
}

/// By what records are read and identifiers hashed: the configuration, the key, and the privacy list.
pub struct IntakeRules {
    config: LiveConfig<IntakeConfig>,
    hash_key: Secret,
    privacy: LivePrivacy,
}

impl IntakeRules {
    /// # Errors
    /// A variable that is missing or wrong.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<IntakeRules, EnvironmentError> {
        Ok(IntakeRules {
            config: LiveConfig::of(aws, settings)?,
            hash_key: Secret::new(aws, settings.required(HASH_KEY_SECRET)?),
            privacy: LivePrivacy::new(aws, settings.optional(PRIVACY_BUCKET)),
        })
    }

    /// The configuration at `now` (UTC ms) and a parser by it, each at most a minute old.
    ///
    /// # Errors
    /// One of the three that can't be read, and none that was read a short while ago.
    pub async fn current(&self, now: i64) -> Result<(Arc<IntakeConfig>, Parser), PortError> {
        let (config, key, privacy) =
            tokio::try_join!(self.config.current(now), self.hash_key.get(), self.privacy.current(now))?;
        let rules = ParserSettings { privacy, ..config.settings.parser.clone() };
        let parser = Parser::new(Pseudonymizer::new(key), rules);
        Ok((config, parser))
    }
}
