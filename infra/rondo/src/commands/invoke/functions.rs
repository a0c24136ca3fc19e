//! Each function's handler, over the installation.

use super::Invocation;
use super::objects::InboxFolder;
use crate::pump::Durable;
use anyhow::{Context, Result, bail};
use aws_lambda_events::dynamodb;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use aws_lambda_events::s3::S3Event;
use aws_lambda_events::sqs::SqsEvent;
use embedded::LakeFolder;
use event::Event;
use import_data::Mappings;
use pollster::block_on;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub fn collect_events(invocation: Invocation<'_>) -> Result<Value> {
    let request: LambdaFunctionUrlRequest = invocation.read("a request to a function URL")?;
    let intake = &invocation.durable()?.intake;
    let deps = collect_events::Deps {
        bus: intake,
        vault: intake,
        quarantine: intake,
        parser: &invocation.installation.parser,
        write_keys: &invocation.write_keys.digests().and_digests(invocation.installation.write_keys.clone()),
    };
    written(block_on(collect_events::handle(&deps, &request, invocation.now)))
}

pub fn import_data(invocation: Invocation<'_>) -> Result<Value> {
    let intake = &invocation.durable()?.intake;
    let mappings = invocation.installation.mappings.iter();
    let mappings = Mappings::new(mappings.map(|(name, mapping)| (format!("{name}/"), mapping.clone())));
    let deps = import_data::Deps {
        bus: intake,
        vault: intake,
        quarantine: intake,
        objects: &InboxFolder { root: invocation.installation.folder.join("inbox") },
        parser: &invocation.installation.parser,
        mappings: &mappings,
    };
    match invocation.source() {
        "aws:s3" => {
            let event: S3Event = invocation.read("an S3 notification")?;
            let totals = block_on(import_data::handle(&deps, &event, invocation.now))?;
            Ok(json!({"accepted": totals.accepted, "rejected": totals.rejected}))
        }
        "aws:sqs" => {
            written(block_on(import_data::handle_queue(&deps, &invocation.queue()?, invocation.now)))
        }
        _ => invocation.refuse("an S3 notification, or messages of an SQS queue"),
    }
}

pub fn update_profiles(invocation: Invocation<'_>) -> Result<Value> {
    let pump = &invocation.installation.pump;
    let wanted = |event: &Event<'_>| pump.campaigns.wants(event);
    let deps = update_profiles::Deps { store: &pump.store, wanted: &wanted };
    let (quarantine, now) = (&invocation.durable()?.intake, invocation.now);
    match invocation.source() {
        "aws:kinesis" => {
            written(block_on(update_profiles::handle(&deps, quarantine, now, invocation.stream()?)))
        }
        "aws:sqs" => written(block_on(update_profiles::handle(&deps, quarantine, now, invocation.queue()?))),
        _ => invocation.refuse("records of a Kinesis stream, or messages of an SQS queue"),
    }
}

pub fn archive_events(invocation: Invocation<'_>) -> Result<Value> {
    let durable = invocation.durable()?;
    let deps = archive_events::Deps {
        lake: &durable.lake,
        quarantine: &durable.intake,
        settings: Default::default(),
    };
    match invocation.source() {
        "aws:kinesis" => {
            written(block_on(archive_events::handle(&deps, &invocation.stream()?, invocation.now)))
        }
        "aws:sqs" => written(block_on(archive_events::handle(&deps, &invocation.queue()?, invocation.now))),
        _ => invocation.refuse("records of a Kinesis stream, or messages of an SQS queue"),
    }
}

pub fn evaluate_triggers(invocation: Invocation<'_>) -> Result<Value> {
    let pump = &invocation.installation.pump;
    let (journeys, actions) = (&pump.store, &pump.store);
    let deps = evaluate_triggers::Deps {
        journeys,
        actions,
        campaigns: &pump.campaigns,
        lateness: pump.lateness,
        reading_history: false,
    };
    let (quarantine, now) = (&invocation.durable()?.intake, invocation.now);
    match invocation.source() {
        "aws:dynamodb" => {
            let event: dynamodb::Event = invocation.read("records of a DynamoDB stream")?;
            written(block_on(evaluate_triggers::handle_changes(&deps, quarantine, now, event)))
        }
        "aws:sqs" => written(block_on(evaluate_triggers::handle_due(&deps, now, invocation.queue()?))),
        _ => invocation.refuse("records of a DynamoDB stream, or messages of the SQS queue of due people"),
    }
}

pub fn fire_timers(invocation: Invocation<'_>) -> Result<Value> {
    let event: EventBridgeEvent<Value> = invocation.read("a scheduled event")?;
    let store = &invocation.installation.pump.store;
    let deps = fire_timers::Deps { timers: store, due: store, held: store, actions: store };
    let moved = block_on(fire_timers::handle(&deps, invocation.now, &event))?;
    Ok(json!({"moved": moved}))
}

pub fn deliver_messages(invocation: Invocation<'_>) -> Result<Value> {
    let installation = invocation.installation;
    let pump = &installation.pump;
    let deps = deliver_messages::Deps {
        campaigns: &pump.campaigns,
        settings: &installation.delivery,
        profiles: &pump.store,
        ledger: &pump.store,
        vault: &pump.store,
        bus: &invocation.durable()?.intake,
        holding: &pump.store,
        email: &installation.outbox,
        webhook: &installation.webhook,
    };
    written(block_on(deliver_messages::handle(&deps, invocation.now, invocation.queue()?)))
}

pub fn build_reports(invocation: Invocation<'_>) -> Result<Value> {
    let event: EventBridgeEvent<Value> = invocation.read("a scheduled event")?;
    let installation = invocation.installation;
    let settings = build_reports::Settings { title: installation.name.clone(), ..Default::default() };
    let reports = LakeFolder::new(&installation.folder);
    let deps = build_reports::Deps { lake: &invocation.durable()?.lake, reports: &reports, settings };
    written(block_on(build_reports::handle(&deps, &event, invocation.now))?)
}

impl<'i> Invocation<'i> {
    fn durable(&self) -> Result<&'i Durable> {
        self.installation.pump.durable.as_ref().context("the installation has no bus log")
    }

    /// Where the event's first record comes from: `aws:sqs`, ….
    fn source(&self) -> &str {
        let record = &self.event["Records"][0];
        record["eventSource"].as_str().unwrap_or_default()
    }

    fn stream(&self) -> Result<KinesisEvent> {
        self.read("records of a Kinesis stream")
    }

    fn queue(&self) -> Result<SqsEvent> {
        self.read("messages of an SQS queue")
    }

    fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T> {
        T::deserialize(self.event).with_context(|| format!("the event is not {what}"))
    }

    fn refuse(&self, takes: &str) -> Result<Value> {
        match self.source() {
            "" => bail!("the event has no records with an eventSource; this function takes {takes}"),
            source => bail!("the event comes from {source}; this function takes {takes}"),
        }
    }
}

fn written(answer: impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(answer)?)
}
