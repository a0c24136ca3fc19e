//! evaluate-triggers on Lambda.

use aws::{ActionQueues, Aws, JourneyTable, LiveConfig, LivePrivacy, People, QuarantineBucket, SendsTable};
use evaluate_triggers::{Deps, invoke};
use lambda::variables::*;
use lambda::{Environment, Failure, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let journeys =
        JourneyTable::new(&aws, settings.required(JOURNEYS_TABLE)?, settings.required(TIMERS_TABLE)?);
    let sends = SendsTable::new(&aws, settings.required(CAPS_TABLE)?);
    let profiles = People::new(&aws, settings.required(PROFILES_TABLE)?);
    let actions =
        ActionQueues::new(&aws, settings.required(SERVICE_QUEUE)?, settings.required(MARKETING_QUEUE)?);
    let quarantine = QuarantineBucket::new(&aws, settings.required(QUARANTINE_BUCKET)?);
    let live: LiveConfig = LiveConfig::of(&aws, &settings)?;
    let list = LivePrivacy::new(&aws, settings.optional(PRIVACY_BUCKET));

    let handler = async |event, now| {
        let (config, privacy) = tokio::try_join!(live.current(now), list.current(now))?;
        let deps = Deps {
            journeys: &journeys,
            sends: &sends,
            actions: &actions,
            profiles: &profiles,
            campaigns: &config.campaigns,
            zone: &config.settings.delivery.zone,
            lateness: config.settings.lateness,
            reading_history: false,
            privacy: Some(&privacy),
        };
        invoke(&deps, &quarantine, &event, now).await
    };
    function.serve(handler).await
}
