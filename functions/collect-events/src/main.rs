//! collect-events on Lambda.

use aws::*;
use collect_events::{Deps, RateLimits, Webhooks, WriteKeys, invoke, not_ready};
use config::IntakeConfig;
use event::{Parser, ParserSettings, Pseudonymizer};
use lambda::variables::*;
use lambda::{Either, Environment, Failure, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?.with_metrics_each_minute();
    let aws = Aws::connect().await;
    let bus = match settings.either(BUS_STREAM, BUS_TOPIC)? {
        Either::First(stream) => Bus::Stream(KinesisBus::new(&aws, stream)),
        Either::Second(topic) => Bus::Topic(TopicBus::new(&aws, topic)),
    };
    let seals = Seals::new(&aws, settings.required(VAULT_KEY)?);
    let vault = VaultTable::new(&aws, settings.required(VAULT_TABLE)?).sealed(seals.clone());
    let quarantine = QuarantineBucket::new(&aws, settings.required(QUARANTINE_BUCKET)?).sealed(seals);
    let counts = settings.optional(QUALITY_TABLE).map(|table| QualityTable::new(&aws, table));
    let quarantine = CountedQuarantine::new(quarantine, counts);
    let config_key = settings.parsed(CONFIG_KEY, DEFAULT_CONFIG_KEY.to_owned())?;
    let live = LiveConfig::<IntakeConfig>::new(&aws, settings.required(CONFIG_BUCKET)?, config_key);
    let hash_key = Secret::new(&aws, settings.required(HASH_KEY_SECRET)?);

    let webhook_secrets = settings.parsed(WEBHOOK_SECRETS, String::new())?;
    let webhook_secrets = (!webhook_secrets.is_empty()).then(|| Secret::new(&aws, webhook_secrets));

    let privacy = LivePrivacy::new(&aws, settings.optional(PRIVACY_BUCKET));
    let limits = RateLimits::default();
    let handler = async |event, now| {
        let ready = tokio::try_join!(live.current(now), hash_key.get(), privacy.current(now));
        let (config, key, privacy) = match ready {
            Ok(ready) => ready,
            Err(error) => return not_ready(&error),
        };
        let signed = match &webhook_secrets {
            Some(secrets) => match secrets.get().await {
                Ok(secrets) => Webhooks::new(&config.settings.incoming_webhooks, secrets)?,
                Err(error) => return not_ready(&error),
            },
            None => Webhooks::default(),
        };
        let rules = ParserSettings { privacy, ..config.settings.parser.clone() };
        let deps = Deps {
            bus: &bus,
            vault: &vault,
            quarantine: &quarantine,
            parser: &Parser::new(Pseudonymizer::new(key), rules),
            write_keys: &WriteKeys::default()
                .and_digests(config.settings.write_keys.clone())
                .and_webhooks(signed)
                .limited(limits.renewed(config.settings.rate_limits.clone())),
        };
        invoke(&deps, &event, now).await
    };
    function.serve(handler).await
}
