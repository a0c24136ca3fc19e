//! collect-events on Lambda.

use aws::{Aws, Bus, KinesisBus, LiveConfig, QuarantineBucket, Secrets, TopicBus, VaultTable};
use collect_events::{Deps, WriteKeys, invoke};
use event::{Parser, Pseudonymizer};
use lambda::variables::*;
use lambda::{Either, Environment, Failure, start};
use tokio::sync::OnceCell;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?.with_metrics_each_minute();
    let aws = Aws::connect().await;
    let bus = match settings.either(BUS_STREAM, BUS_TOPIC)? {
        Either::First(stream) => Bus::Stream(KinesisBus::new(&aws, stream)),
        Either::Second(topic) => Bus::Topic(TopicBus::new(&aws, topic)),
    };
    let vault = VaultTable::new(&aws, settings.required(VAULT_TABLE)?);
    let quarantine = QuarantineBucket::new(&aws, settings.required(QUARANTINE_BUCKET)?);
    let config_key = settings.parsed(CONFIG_KEY, DEFAULT_CONFIG_KEY.to_owned())?;
    let live = LiveConfig::new(&aws, settings.required(CONFIG_BUCKET)?, config_key);
    let (secrets, hash_key) = (Secrets::new(&aws), settings.required(HASH_KEY_SECRET)?);
    let secret = OnceCell::new();

    let handler = async |event, now| {
        let key = secret.get_or_try_init(|| secrets.get(&hash_key));
        let (config, key) = tokio::try_join!(live.current(now), key)?;
        let deps = Deps {
            bus: &bus,
            vault: &vault,
            quarantine: &quarantine,
            parser: &Parser::new(Pseudonymizer::new(key), config.parser.clone()),
            write_keys: &WriteKeys::default().and_digests(config.write_keys.clone()),
        };
        invoke(&deps, &event, now).await
    };
    function.serve(handler).await
}
