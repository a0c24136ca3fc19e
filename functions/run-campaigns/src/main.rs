//! run-campaigns on Lambda.

use aws::{Aws, DueMessages, LakeBucket, LiveConfig, LivePrivacy, People, RunTable};
use lambda::variables::*;
use lambda::{Environment, Failure, start};
use run_campaigns::{Deps, invoke};
use std::time::{Duration, Instant};

/// How long an invocation begins further steps: of its 15 minutes, a step may take some.
const WORKS: Duration = Duration::from_secs(12 * 60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let profiles = People::new(&aws, settings.required(PROFILES_TABLE)?);
    let lake = LakeBucket::new(&aws, settings.required(DATA_BUCKET)?);
    let runs = RunTable::new(&aws, settings.required(RUNS_TABLE)?);
    let queue = DueMessages::new(&aws, settings.required(DUE_QUEUE)?);
    let live: LiveConfig = LiveConfig::of(&aws, &settings)?;
    let list = LivePrivacy::new(&aws, settings.optional(PRIVACY_BUCKET));

    let handler = async |event, now| {
        let (began, config) = (Instant::now(), live.current(now).await?);
        let (campaigns, zone) = (&config.campaigns, &config.settings.delivery.zone);
        let privacy = list.current(now).await?;
        let (profiles, lake, runs, queue) = (&profiles, &lake, &runs, &queue);
        let deps = Deps { profiles, lake, runs, queue, campaigns, zone, privacy: &privacy };
        invoke(&deps, &event, now, || began.elapsed() < WORKS).await
    };
    function.serve(handler).await
}
