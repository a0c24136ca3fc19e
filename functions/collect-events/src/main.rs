//! collect-events on Lambda.

use aws::{Aws, Intake, PrivacyBucket, Secret};
use collect_events::{Deps, RateLimits, Webhooks, WriteKeys, invoke, not_ready};
use lambda::variables::{PRIVACY_BUCKET, WEBHOOK_SECRETS};
use lambda::{Environment, Failure, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Environment::of_process();
    let function = start(env!("CARGO_CRATE_NAME"), &settings)?.with_metrics_each_minute();
    let aws = Aws::connect().await;
    let intake = Intake::of(&aws, &settings)?;
    let webhook_secrets = Secret::optional(&aws, settings.optional(WEBHOOK_SECRETS));
    let requests = &PrivacyBucket::new(&aws, settings.required(PRIVACY_BUCKET)?);
    let limits = RateLimits::default();

    let handler = async |event, now| {
        let ((config, parser), secrets) = match tokio::try_join!(intake.current(now), webhook_secrets.get()) {
            Ok(ready) => ready,
            Err(error) => return not_ready(&error),
        };
        let Intake { bus, vault, quarantine, .. } = &intake;
        let keys = &config.settings;
        let write_keys = &WriteKeys::default()
            .and_digests(keys.write_keys.clone())
            .and_webhooks(Webhooks::new(&keys.incoming_webhooks, secrets)?)
            .limited(limits.renewed(keys.rate_limits.clone()));
        let deps = Deps { bus, vault, quarantine, requests, parser: &parser, write_keys };
        invoke(&deps, &event, now).await
    };
    function.serve(handler).await
}
