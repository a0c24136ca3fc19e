//! import-data on Lambda.

use aws::{Aws, Intake, Objects};
use import_data::{Deps, Mappings, invoke};
use lambda::{Environment, Failure, start};

/// Several threads, since reading an object blocks the one that reads.
#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let intake = Intake::of(&aws, &settings)?;
    let objects = Objects::new(&aws);

    let handler = async |event, now| {
        let (config, parser) = intake.current(now).await?;
        let mappings = Mappings::by_folder(&config.mappings);
        let Intake { bus, vault, quarantine, .. } = &intake;
        let deps = Deps { bus, vault, quarantine, objects: &objects, parser: &parser, mappings: &mappings };
        invoke(&deps, quarantine, &event, now).await
    };
    function.serve(handler).await
}
