//! One connection to AWS a process.

use crate::meter::Meter;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use std::sync::OnceLock;
use std::time::Duration;

/// How often a call is made at most, with back-off and jitter in between.
const ATTEMPTS: u32 = 6;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long one attempt may take: a connection that died unnoticed is given up.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The credentials, region and endpoint of the process (`AWS_REGION`, `AWS_ENDPOINT_URL`, …), and one client a
/// service, made at its first use.
pub struct Aws {
    config: SdkConfig,
    meter: Option<Meter>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    kinesis: OnceLock<aws_sdk_kinesis::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
    ses: OnceLock<aws_sdk_sesv2::Client>,
    sms: OnceLock<aws_sdk_pinpointsmsvoicev2::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    sns_once: OnceLock<aws_sdk_sns::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
}

/// The same for who sends messages: one whose answer was lost may have left, so the SDK repeats nothing here.
macro_rules! client_once {
    ($name:ident, $sdk:ident) => {
        pub(crate) fn $name(&self) -> $sdk::Client {
            let client = self.$name.get_or_init(|| {
                let builder = $sdk::config::Builder::from(&self.config);
                let mut builder = builder.retry_config(RetryConfig::disabled());
                if let Some(meter) = &self.meter {
                    builder = builder.interceptor(meter.clone());
                }
                $sdk::Client::from_conf(builder.build())
            });
            client.clone()
        }
    };
}

/// A client of a service, made at its first use, with the meter as an interceptor.
macro_rules! client {
    ($name:ident, $sdk:ident) => {
        pub(crate) fn $name(&self) -> $sdk::Client {
            let client = self.$name.get_or_init(|| {
                let mut builder = $sdk::config::Builder::from(&self.config);
                if let Some(meter) = &self.meter {
                    builder = builder.interceptor(meter.clone());
                }
                $sdk::Client::from_conf(builder.build())
            });
            client.clone()
        }
    };
}

impl Aws {
    /// Reads the settings of the process. No call is made yet.
    pub async fn connect() -> Aws {
        Aws::over(settings().load().await)
    }

    /// The same, with every call counted.
    pub async fn metered(meter: Meter) -> Aws {
        Aws { meter: Some(meter), ..Aws::connect().await }
    }

    /// An endpoint that stands in for AWS, with credentials that it does not check. `metered` counts the calls.
    pub async fn local(endpoint: &str, meter: Option<Meter>) -> Aws {
        let credentials = aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "local");
        // It shares the machine with whoever calls it.
        let patient = TimeoutConfig::builder().operation_attempt_timeout(6 * ATTEMPT_TIMEOUT).build();
        let config = settings()
            .timeout_config(patient)
            .endpoint_url(endpoint)
            .region(aws_config::Region::new("us-east-1"))
            .credentials_provider(credentials)
            .load()
            .await;
        Aws { meter, ..Aws::over(config) }
    }

    fn over(config: SdkConfig) -> Aws {
        Aws {
            config,
            meter: None,
            dynamodb: OnceLock::new(),
            kinesis: OnceLock::new(),
            kms: OnceLock::new(),
            s3: OnceLock::new(),
            secrets: OnceLock::new(),
            ses: OnceLock::new(),
            sms: OnceLock::new(),
            sns: OnceLock::new(),
            sns_once: OnceLock::new(),
            sqs: OnceLock::new(),
        }
    }

    client!(dynamodb, aws_sdk_dynamodb);
    client!(kinesis, aws_sdk_kinesis);
    client!(kms, aws_sdk_kms);
    client!(secrets, aws_sdk_secretsmanager);
    client!(sns, aws_sdk_sns);
    client!(sqs, aws_sdk_sqs);

    client_once!(ses, aws_sdk_sesv2);
    client_once!(sms, aws_sdk_pinpointsmsvoicev2);
    client_once!(sns_once, aws_sdk_sns);

    /// A client of the models of a region, the process's where none is named. A model writes for longer than other
    /// services answer, and each attempt may be billed.
    #[cfg(feature = "bedrock")]
    pub(crate) fn bedrock(&self, region: Option<String>) -> aws_sdk_bedrockruntime::Client {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(Duration::from_secs(180))
            .build();
        let mut builder = aws_sdk_bedrockruntime::config::Builder::from(&self.config)
            .retry_config(RetryConfig::standard().with_max_attempts(4).with_max_backoff(LONGEST_PAUSE))
            .timeout_config(timeouts);
        if let Some(region) = region {
            builder = builder.region(aws_config::Region::new(region));
        }
        if let Some(meter) = &self.meter {
            builder = builder.interceptor(meter.clone());
        }
        aws_sdk_bedrockruntime::Client::from_conf(builder.build())
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let client = self.s3.get_or_init(|| {
            // An endpoint that stands in for S3 has no host name for each bucket.
            let by_path = self.config.endpoint_url().is_some();
            let mut builder = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(by_path);
            if let Some(meter) = &self.meter {
                builder = builder.interceptor(meter.clone());
            }
            aws_sdk_s3::Client::from_conf(builder.build())
        });
        client.clone()
    }
}

fn settings() -> aws_config::ConfigLoader {
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(LONGEST_PAUSE);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest()).retry_config(retries).timeout_config(timeouts)
}
