//! decide-experience on Lambda.

use aws::{Aws, Bus, ExperienceRules, LiveProducts, People};
use decide_experience::{Deps, HotProfiles, KEPT_BYTES, ReadKeys, invoke, not_ready};
use event::SECOND;
use lambda::variables::{DATA_BUCKET, PROFILES_TABLE, REDIS_URL};
use lambda::{Environment, Failure, start};
use valkey::Valkey;

/// How long a profile is taken for what it was, ms: writes come once a window of the bus at the earliest.
const FRESH_FOR: i64 = 5 * SECOND;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?.with_metrics_each_minute();
    let aws = Aws::connect().await;
    // Reads that may lag cost half; versions tell which is newer.
    let store = &People::of_writer(&aws, settings.required(PROFILES_TABLE)?);
    let bus = Bus::of(&aws, &settings)?;
    let (rules, hot) = (ExperienceRules::of(&aws, &settings)?, &HotProfiles::new(KEPT_BYTES, FRESH_FOR));
    let live_products = LiveProducts::new(&aws, settings.optional(DATA_BUCKET));
    let valkey = settings.optional(REDIS_URL).map(|url| Valkey::new(&url, FRESH_FOR)).transpose()?;

    let handler = async |event, now| {
        let (config, parser) = match rules.current(now).await {
            Ok(current) => current,
            Err(error) => return not_ready(&error),
        };
        let (products, parser) = (&live_products.current(now).await, &parser);
        let keys = &ReadKeys::of_digests(config.settings.write_keys.clone());
        let (placements, campaigns) = (&config.placements, &config.campaigns);
        let (products, delivery) = (products.as_deref(), &config.settings.delivery);
        let (holdout, utm) = (delivery.holdout, delivery.utm.as_ref());
        let shared = &valkey.as_ref().map(|valkey| valkey.sealed(parser.hasher()));
        let deps = Deps { store, shared, hot, placements, campaigns, utm, products, parser, keys, holdout };
        invoke(&deps, &bus, &event, now).await
    };
    function.serve(handler).await
}
