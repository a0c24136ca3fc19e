//! decide-experience on Lambda.

use aws::{Aws, Bus, ExperienceRules, LiveCreatives, LiveProducts, People};
use decide_experience::{Deps, HotProfiles, KEPT_BYTES, ReadKeys, invoke, not_ready};
use lambda::variables::{DATA_BUCKET, PROFILES_TABLE, REDIS_URL};
use lambda::{Environment, Failure, start};
use valkey::Valkey;

/// How long a profile is taken for what it was, ms: writes come once a window of the bus at the earliest.
const FRESH_FOR: i64 = 5 * event::SECOND;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?.with_metrics_each_minute();
    let (aws, data) = (Aws::connect().await, settings.optional(DATA_BUCKET));
    // Reads that may lag cost half; versions tell which is newer.
    let store = &People::of_writer(&aws, settings.required(PROFILES_TABLE)?);
    let bus = Bus::of(&aws, &settings)?;
    let (rules, hot) = (ExperienceRules::of(&aws, &settings)?, &HotProfiles::new(KEPT_BYTES, FRESH_FOR));
    let (live, lessons) = (LiveProducts::new(&aws, data.clone()), LiveCreatives::new(&aws, data));
    let valkey = settings.optional(REDIS_URL).map(|url| Valkey::new(&url, FRESH_FOR)).transpose()?;

    let handler = async |event, now| {
        let (config, parser) = match rules.current(now).await {
            Ok(current) => current,
            Err(error) => return not_ready(&error),
        };
        let (products, learned) = tokio::join!(live.current(now), lessons.current(now));
        let (products, learned, parser) = (products.as_deref(), &*learned, &parser);
        let (keys, delivery) = (config.settings.write_keys.clone(), &config.settings.delivery);
        let (placements, campaigns) = (&config.placements, &config.campaigns);
        let (keys, holdout, utm) = (&ReadKeys::of_digests(keys), delivery.holdout, delivery.utm.as_ref());
        let shared = &valkey.as_ref().map(|valkey| valkey.sealed(parser.hasher()));
        #[rustfmt::skip]
        let deps = Deps { store, shared, hot, placements, campaigns, utm, products, learned, parser, keys, holdout };
        invoke(&deps, &bus, &event, now).await
    };
    function.serve(handler).await
}
