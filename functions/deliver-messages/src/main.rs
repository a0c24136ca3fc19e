//! deliver-messages on Lambda.

use aws::*;
use campaign::DeliverySettings;
use deliver_messages::{Deps, invoke};
use lambda::variables::*;
use lambda::{Either, Environment, Failure, start};
use webhook::Webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let bus = match settings.either(BUS_STREAM, BUS_TOPIC)? {
        Either::First(stream) => Bus::Stream(KinesisBus::new(&aws, stream)),
        Either::Second(topic) => Bus::Topic(TopicBus::new(&aws, topic)),
    };
    let profiles = People::new(&aws, settings.required(PROFILES_TABLE)?);
    let ledger = LedgerTable::new(&aws, settings.required(LEDGER_TABLE)?, settings.required(CAPS_TABLE)?);
    let seals = Seals::new(&aws, settings.required(VAULT_KEY)?);
    let vault = VaultTable::new(&aws, settings.required(VAULT_TABLE)?).sealed(seals);
    let holding = HeldTable::new(&aws, settings.required(HELD_TABLE)?);
    let email = SesEmail::new(&aws, settings.optional(MAIL_CONFIGURATION_SET));
    let webhook = Webhook::default();
    let config_key = settings.parsed(CONFIG_KEY, DEFAULT_CONFIG_KEY.to_owned())?;
    let live: LiveConfig = LiveConfig::new(&aws, settings.required(CONFIG_BUCKET)?, config_key);

    let privacy = LivePrivacy::new(&aws, settings.optional(PRIVACY_BUCKET));

    let handler = async |event, now| {
        let config = live.current(now).await?;
        let privacy = privacy.current(now).await?;
        let settings = &DeliverySettings { privacy, ..config.settings.delivery.clone() };
        let campaigns = &config.campaigns;
        let (profiles, ledger) = (&profiles, &ledger);
        let (vault, bus, holding, email, webhook) = (&vault, &bus, &holding, &email, &webhook);
        let deps = Deps { campaigns, settings, profiles, ledger, vault, bus, holding, email, webhook };
        invoke(&deps, &event, now).await
    };
    function.serve(handler).await
}
