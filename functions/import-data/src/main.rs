//! import-data on Lambda.

use aws::*;
use config::IntakeConfig;
use event::{Parser, ParserSettings, Pseudonymizer};
use import_data::{Deps, Mappings, invoke};
use lambda::variables::*;
use lambda::{Either, Environment, Failure, start};

/// Several threads, since reading an object blocks the one that reads.
#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
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
    let privacy = LivePrivacy::new(&aws, settings.optional(PRIVACY_BUCKET));
    let objects = Objects::new(&aws);

    let handler = async |event, now| {
        let (config, key, privacy) =
            tokio::try_join!(live.current(now), hash_key.get(), privacy.current(now))?;
        let rules = ParserSettings { privacy, ..config.settings.parser.clone() };
        let parser = Parser::new(Pseudonymizer::new(key), rules);
        let mappings = Mappings::by_folder(&config.mappings);
        let (bus, vault, quarantine, objects) = (&bus, &vault, &quarantine, &objects);
        let deps = Deps { bus, vault, quarantine, objects, parser: &parser, mappings: &mappings };
        invoke(&deps, &event, now).await
    };
    function.serve(handler).await
}
