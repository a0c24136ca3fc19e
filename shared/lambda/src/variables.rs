//! The variables of all functions; each reads those that it needs.

use crate::Variable;

/// Declares variables by what they hold.
macro_rules! variables {
    ($($name:ident: $holds:literal;)*) => {
        $(pub const $name: Variable = Variable { name: stringify!($name), holds: $holds };)*
    };
}

variables! {
    PROFILES_TABLE: "the name of the DynamoDB table of profiles and identities";
    JOURNEYS_TABLE: "the name of the DynamoDB table of journeys";
    TIMERS_TABLE: "the name of the DynamoDB table of timers";
    HELD_TABLE: "the name of the DynamoDB table of held actions";
    LEDGER_TABLE: "the name of the DynamoDB table of the delivery ledger";
    CAPS_TABLE: "the name of the DynamoDB table that counts messages against caps";
    VAULT_TABLE: "the name of the DynamoDB table of raw personal data";
    VAULT_KEY: "the ARN of the key of KMS, or of the secret, under which raw personal data is sealed";
    QUALITY_TABLE: "the name of the DynamoDB table that counts refused records and duplicates";
    RUNS_TABLE: "the name of the DynamoDB table that says how far campaigns have come";
    BUS_STREAM: "the name of the Kinesis stream that carries events";
    BUS_TOPIC: "the ARN of the SNS topic that carries events";
    SERVICE_QUEUE: "the URL of the SQS queue of service messages";
    MARKETING_QUEUE: "the URL of the SQS queue of marketing messages";
    DUE_QUEUE: "the URL of the SQS queue of people whose timers are due";
    DATA_BUCKET: "the name of the S3 bucket of the lake and the reports";
    QUARANTINE_BUCKET: "the name of the S3 bucket of refused records";
    PRIVACY_BUCKET: "the name of the S3 bucket of the privacy list, receipts and the access log";
    CONFIG_BUCKET: "the name of the S3 bucket of the configuration";
    CONFIG_KEY: "the key of the configuration in its bucket";
    WEBHOOK_SECRETS: "the ARN or name of the secret with what shop systems sign their webhooks with";
    CHANNEL_SECRETS: "the ARN or name of the secret with what webhooks are signed with, and URLs that are secrets";
    HASH_KEY_SECRET: "the ARN or name of the secret under which identifiers are hashed";
    MAIL_CONFIGURATION_SET: "the name of the SES configuration set for e-mail";
    SMS_ORIGIN: "what text messages come from: a number, sender id or pool of AWS End User Messaging";
    PUSH_APPLICATIONS: "platform applications of SNS, as ios=ARN,android=ARN";
    REDIS_URL: "the address of the Valkey or Redis in which processes share profiles, like redis://HOST:6379/0";
    ATTRIBUTION_DAYS: "how many days after a message an order counts for its campaign, a whole number";
    METRICS_NAMESPACE: "the CloudWatch namespace of the functions' metrics";
    AWS_LAMBDA_FUNCTION_NAME: "the function's name, set by Lambda";
    AWS_LAMBDA_LOG_LEVEL: "the least level that is logged: ERROR, WARN, INFO, DEBUG or TRACE, set by Lambda";
    RUST_LOG: "the same where Lambda sets none";
}

/// The key of the configuration where `CONFIG_KEY` is not set.
pub const DEFAULT_CONFIG_KEY: &str = "config.json";
