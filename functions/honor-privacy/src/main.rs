//! honor-privacy on Lambda.

use aws::*;
use campaign::NoCopies;
use config::IntakeConfig;
use event::{Parser, ParserSettings, Pseudonymizer};
use honor_privacy::{Deps, Stores, invoke};
use lambda::variables::*;
use lambda::{Environment, Failure, start};

struct Deployed;

impl Stores for Deployed {
    type People = People;
    type Journeys = JourneyTable;
    type Campaigns = CampaignTables;
    type Lake = LakeBucket;
    type Vault = VaultTable;
    type Quarantine = QuarantineBucket;
    type Copies = NoCopies;
    type Files = PrivacyBucket;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let names = CampaignTableNames {
        journeys: settings.required(JOURNEYS_TABLE)?,
        timers: settings.required(TIMERS_TABLE)?,
        held: settings.required(HELD_TABLE)?,
        ledger: settings.required(LEDGER_TABLE)?,
        caps: settings.required(CAPS_TABLE)?,
    };
    let people = People::new(&aws, settings.required(PROFILES_TABLE)?);
    let journeys = JourneyTable::new(&aws, names.journeys.clone(), names.timers.clone());
    let campaigns = CampaignTables::new(&aws, names);
    let lake = LakeBucket::new(&aws, settings.required(DATA_BUCKET)?);
    let seals = Seals::new(&aws, settings.required(VAULT_KEY)?);
    let vault = VaultTable::new(&aws, settings.required(VAULT_TABLE)?).sealed(seals.clone());
    let quarantine = QuarantineBucket::new(&aws, settings.required(QUARANTINE_BUCKET)?).sealed(seals);
    let bucket = settings.required(PRIVACY_BUCKET)?;
    let (files, list) = (PrivacyBucket::new(&aws, bucket.clone()), LivePrivacy::new(&aws, Some(bucket)));
    let config_key = settings.parsed(CONFIG_KEY, DEFAULT_CONFIG_KEY.to_owned())?;
    let live = LiveConfig::<IntakeConfig>::new(&aws, settings.required(CONFIG_BUCKET)?, config_key);
    let hash_key = Secret::new(&aws, settings.required(HASH_KEY_SECRET)?);

    let handler = async |event, now| {
        let (config, key, privacy) = tokio::try_join!(live.current(now), hash_key.get(), list.current(now))?;
        let rules = ParserSettings { privacy, ..config.settings.parser.clone() };
        let parser = Parser::new(Pseudonymizer::new(key), rules);
        let (people, journeys, campaigns, lake) = (&people, &journeys, &campaigns, &lake);
        let (vault, quarantine, copies, files, parser) = (&vault, &quarantine, &NoCopies, &files, &parser);
        // Every write is durable when it is answered.
        let settle = &|| Ok(());
        let deps: Deps<'_, Deployed> =
            Deps { people, journeys, campaigns, lake, vault, quarantine, copies, files, parser, settle };
        invoke(&deps, &event, now).await
    };
    function.serve(handler).await
}
