//! update-profiles on Lambda.

use aws::{Aws, CountedQuarantine, LiveConfig, People, QualityTable, QuarantineBucket};
use event::Event;
use lambda::variables::*;
use lambda::{Environment, Failure, start};
use update_profiles::{Deps, invoke};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let people = People::of_writer(&aws, settings.required(PROFILES_TABLE)?);
    let quarantine = QuarantineBucket::new(&aws, settings.required(QUARANTINE_BUCKET)?);
    let counts = settings.optional(QUALITY_TABLE).map(|table| QualityTable::new(&aws, table));
    let quarantine = CountedQuarantine::new(quarantine, counts);
    let live: LiveConfig = LiveConfig::of(&aws, &settings)?;

    let handler = async |event, now| {
        let config = live.current(now).await?;
        let wanted = |event: &Event<'_>| config.campaigns.wants(event);
        invoke(
            &Deps { store: &people, wanted: &wanted, rules: &config.settings.identity },
            &quarantine,
            &event,
            now,
        )
        .await
    };
    function.serve(handler).await
}
