//! fire-timers on Lambda.

use aws::{ActionQueues, Aws, DueMessages, HeldTable, TimerTable};
use fire_timers::{Deps, invoke};
use lambda::variables::{DUE_QUEUE, HELD_TABLE, MARKETING_QUEUE, SERVICE_QUEUE, TIMERS_TABLE};
use lambda::{Environment, Failure, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let actions =
        ActionQueues::new(&aws, settings.required(SERVICE_QUEUE)?, settings.required(MARKETING_QUEUE)?);
    let deps = Deps {
        timers: &TimerTable::new(&aws, settings.required(TIMERS_TABLE)?),
        due: &DueMessages::new(&aws, settings.required(DUE_QUEUE)?),
        held: &HeldTable::new(&aws, settings.required(HELD_TABLE)?),
        actions: &actions,
    };
    function.serve(async |event, now| invoke(&deps, &event, now).await).await
}
