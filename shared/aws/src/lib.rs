//! The ports on AWS: DynamoDB, Kinesis, SNS and SQS, S3, SES, Secrets Manager, KMS; with the feature
//! `bedrock` also Amazon Bedrock.
//!
//! [`Aws`] is the process's connection; each adapter is made from it. All of them speak to whatever
//! `AWS_ENDPOINT_URL` names.

mod back_off;
mod batch_get;
mod batch_write;
mod batches;
#[cfg(feature = "bedrock")]
mod bedrock;
mod bus;
mod campaign_tables;
mod conditional;
mod connection;
mod creatives;
mod data_keys;
mod delivery_secrets;
mod email;
mod experience;
mod failure;
mod held;
mod intake;
mod item;
mod journeys;
mod kinesis;
mod lake_bucket;
mod ledger;
mod live_config;
mod live_delivery;
mod meter;
mod objects;
mod people;
mod privacy_bucket;
mod providers;
mod push;
mod quality;
mod quarantine;
mod queues;
mod random;
mod refusal;
mod runs;
mod s3_object;
mod seals;
mod secret;
mod shards;
mod sms;
mod tables;
mod timers;
mod topic;
mod vault;

#[cfg(feature = "bedrock")]
pub use bedrock::BedrockWriter;
pub use bus::Bus;
pub use campaign_tables::{CampaignTableNames, CampaignTables};
pub use connection::Aws;
pub use creatives::LiveCreatives;
pub use email::SesEmail;
pub use experience::{ExperienceRules, LiveProducts};
pub use held::HeldTable;
pub use intake::{Intake, IntakeRules, SealedStores};
pub use journeys::JourneyTable;
pub use kinesis::KinesisBus;
pub use lake_bucket::LakeBucket;
pub use ledger::{LedgerTable, SendsTable};
pub use live_config::LiveConfig;
pub use live_delivery::LiveDelivery;
pub use meter::{Counts, Meter, Row, Usage};
pub use objects::Objects;
pub use people::People;
pub use privacy_bucket::{LivePrivacy, PrivacyBucket};
pub use providers::{ProcessClock, Providers};
pub use push::SnsPush;
pub use quality::{CountedQuarantine, QualityTable};
pub use quarantine::QuarantineBucket;
pub use queues::{ActionQueues, DueMessages};
pub use runs::RunTable;
pub use seals::Seals;
pub use secret::Secret;
pub use sms::EndUserSms;
pub use tables::{Tables, create_tables};
pub use timers::TimerTable;
pub use topic::TopicBus;
pub use vault::VaultTable;
