//! archive-events on Lambda.

use archive_events::{Deps, Settings, invoke};
use aws::{Aws, LakeBucket, QuarantineBucket};
use lambda::variables::{DATA_BUCKET, QUARANTINE_BUCKET};
use lambda::{Environment, Failure, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let deps = Deps {
        lake: &LakeBucket::new(&aws, settings.required(DATA_BUCKET)?),
        quarantine: &QuarantineBucket::new(&aws, settings.required(QUARANTINE_BUCKET)?),
        settings: Settings::default(),
    };
    function.serve(async |event, now| invoke(&deps, &event, now).await).await
}
