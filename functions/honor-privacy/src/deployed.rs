//! The stores of a deployment on AWS.

use aws::*;
use campaign::NoCopies;
use event::Parser;
use honor_privacy::{Deps, Stores};
use lambda::variables::{DATA_BUCKET, PRIVACY_BUCKET, PROFILES_TABLE};
use lambda::{Environment, EnvironmentError};

/// Where everything of a person is kept on AWS.
pub struct Deployed {
    people: People,
    journeys: JourneyTable,
    campaigns: CampaignTables,
    lake: LakeBucket,
    sealed: SealedStores,
    files: PrivacyBucket,
}

impl Stores for Deployed {
    type People = People;
    type Journeys = JourneyTable;
    type Campaigns = CampaignTables;
    type Lake = LakeBucket;
    type Vault = VaultTable;
    type Quarantine = CountedQuarantine<QuarantineBucket>;
    type Copies = NoCopies;
    type Files = PrivacyBucket;
}

impl Deployed {
    /// # Errors
    /// A variable that is missing.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<Deployed, EnvironmentError> {
        let (journeys, campaigns) = CampaignTables::of(aws, settings)?;
        Ok(Deployed {
            people: People::new(aws, settings.required(PROFILES_TABLE)?),
            journeys,
            campaigns,
            lake: LakeBucket::new(aws, settings.required(DATA_BUCKET)?),
            sealed: SealedStores::of(aws, settings)?,
            files: PrivacyBucket::new(aws, settings.required(PRIVACY_BUCKET)?),
        })
    }

    /// The same with the rules of intake. Every write is durable when it is answered, and mails leave no copies.
    pub fn deps<'d>(&'d self, parser: &'d Parser, erases_unasked: bool) -> Deps<'d, Deployed> {
        Deps {
            people: &self.people,
            journeys: &self.journeys,
            campaigns: &self.campaigns,
            lake: &self.lake,
            vault: &self.sealed.vault,
            quarantine: &self.sealed.quarantine,
            copies: &NoCopies,
            files: &self.files,
            parser,
            erases_unasked,
            settle: &|| Ok(()),
        }
    }
}
