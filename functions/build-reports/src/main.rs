//! build-reports on Lambda.

use aws::{Aws, LakeBucket, LiveConfig, QualityTable};
use build_reports::{Deps, Settings, invoke};
use lambda::variables::*;
use lambda::{Environment, Failure, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let bucket = LakeBucket::new(&aws, settings.required(DATA_BUCKET)?);
    let live = LiveConfig::<config::ReportConfig>::of(&aws, &settings)?;
    let counts = settings.optional(QUALITY_TABLE).map(|table| QualityTable::new(&aws, table));
    let defaults = Settings::default();
    let attribution_days = settings.parsed(ATTRIBUTION_DAYS, defaults.attribution_days)?;

    let handler = async |event, now| {
        let config = live.current(now).await?;
        let (title, planned) = (config.settings.name.clone(), config.planned.0.clone());
        let settings = Settings { title, planned, attribution_days, ..defaults.clone() };
        let (lake, reports, creatives, counts) = (&bucket, &bucket, &bucket, &counts);
        let (campaigns, placements) = (&config.campaigns, &config.placements);
        invoke(&Deps { lake, reports, counts, creatives, campaigns, placements, settings }, &event, now).await
    };
    function.serve(handler).await
}
