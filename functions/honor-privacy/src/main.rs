//! honor-privacy on Lambda.

use aws::*;
use campaign::NoCopies;
use honor_privacy::{Deps, invoke};
use lambda::variables::{DATA_BUCKET, PRIVACY_BUCKET, PROFILES_TABLE};
use lambda::{Environment, Failure, start};

struct Deployed;
impl honor_privacy::Stores for Deployed {
    type People = People;
    type Journeys = JourneyTable;
    type Campaigns = CampaignTables;
    type Lake = LakeBucket;
    type Vault = VaultTable;
    type Quarantine = CountedQuarantine<QuarantineBucket>;
    type Copies = NoCopies;
    type Files = PrivacyBucket;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?;
    let aws = Aws::connect().await;
    let people = &People::new(&aws, settings.required(PROFILES_TABLE)?);
    let (journeys, campaigns) = &CampaignTables::of(&aws, &settings)?;
    let lake = &LakeBucket::new(&aws, settings.required(DATA_BUCKET)?);
    let SealedStores { vault, quarantine } = &SealedStores::of(&aws, &settings)?;
    let files = &PrivacyBucket::new(&aws, settings.required(PRIVACY_BUCKET)?);
    let rules = IntakeRules::of(&aws, &settings)?;
    let handler = async |event, now| {
        let (config, parser) = &rules.current(now).await?;
        let (copies, settle, erases_unasked) = (&NoCopies, &|| Ok(()), config.settings.erases_unasked);
        let deps = Deps {
            people,
            journeys,
            campaigns,
            lake,
            vault,
            quarantine,
            copies,
            files,
            parser,
            erases_unasked,
            settle,
        };
        invoke::<Deployed>(&deps, &event, now).await
    };
    function.serve(handler).await
}
