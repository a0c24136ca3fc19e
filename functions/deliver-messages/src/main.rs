//! deliver-messages on Lambda.

use aws::*;
use campaign::{Throttle, Throttled};
use deliver_messages::{Deps, invoke};
use lambda::variables::*;
use lambda::{Environment, Failure, start};
use webhook::Webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let bus = Bus::of(&aws, &settings)?;
    let profiles = People::new(&aws, settings.required(PROFILES_TABLE)?);
    let ledger = LedgerTable::new(&aws, settings.required(LEDGER_TABLE)?, settings.required(CAPS_TABLE)?);
    let seals = Seals::new(&aws, settings.required(VAULT_KEY)?);
    let vault = VaultTable::new(&aws, settings.required(VAULT_TABLE)?).sealed(seals);
    let holding = HeldTable::new(&aws, settings.required(HELD_TABLE)?);
    let (providers, throttle, clock) =
        (Providers::of(&aws, &settings)?, Throttle::default(), ProcessClock::default());
    let webhook = Webhook::default();
    let live = LiveDelivery::of(&aws, &settings)?;

    let handler = async |event, now| {
        let (config, settings) = &live.current(now).await?;
        let rates = &settings.rates;
        let email = Throttled { channel: &providers, throttle: &throttle, clock: &clock, rates };
        let webhook = Throttled { channel: &webhook, throttle: &throttle, clock: &clock, rates };
        let campaigns = &config.campaigns;
        let (profiles, ledger) = (&profiles, &ledger);
        let (vault, bus, holding, email, webhook) = (&vault, &bus, &holding, &email, &webhook);
        let deps = Deps { campaigns, settings, profiles, ledger, vault, bus, holding, email, webhook };
        invoke(&deps, &event, now).await
    };
    function.serve(handler).await
}
