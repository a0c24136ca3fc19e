//! honor-privacy on Lambda.

mod deployed;

use aws::{Aws, IntakeRules};
use deployed::Deployed;
use honor_privacy::invoke;
use lambda::{Environment, Failure, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let stores = Deployed::of(&aws, &settings)?;
    let rules = IntakeRules::of(&aws, &settings)?;
    let handler = async |event, now| {
        let (config, parser) = &rules.current(now).await?;
        invoke(&stores.deps(parser, config.settings.erases_unasked), &event, now).await
    };
    function.serve(handler).await
}
