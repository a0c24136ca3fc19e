//! The functions with what they work on, deployed on the endpoint as far as their adapters go.

use crate::Options;
use crate::recorded::{RecordedActions, RecordedBus, RecordedDue, RecordedJourneys, RecordedPeople};
use crate::tally::Tallies;
use anyhow::{Context, Result, ensure};
use aws::{
    ActionQueues, Aws, Bus, DueMessages, HeldTable, JourneyTable, KinesisBus, LakeBucket, LedgerTable, Meter,
    People, QuarantineBucket, SendsTable, SesEmail, Tables, TimerTable, TopicBus, VaultTable, create_tables,
};
use collect_events::WriteKeys;
use config::{Config, Files, FromFiles};
use event::{Parser, Pseudonymizer};
use rondo_tests::{Endpoint, fresh_name, python};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use webhook::Webhook;

pub const WRITE_KEY: &str = "counted";
/// How many addresses may get mail.
const PEOPLE: &str = "4000";

/// Everything that the functions need, each over its own connection.
pub struct Deployed {
    pub kinesis: bool,
    pub config: Config,
    pub parser: Parser,
    pub write_keys: WriteKeys,
    pub tallies: Tallies,
    /// Of invocations that find nothing to do.
    pub idle: Tallies,
    pub tables: Tables,
    pub collect: Collect,
    pub people: RecordedPeople,
    pub profile_quarantine: QuarantineBucket,
    pub lake: LakeBucket,
    pub lake_quarantine: QuarantineBucket,
    pub journeys: RecordedJourneys,
    pub trigger_actions: RecordedActions,
    pub trigger_people: People,
    pub trigger_sends: SendsTable,
    pub due_people: People,
    pub due_sends: SendsTable,
    pub trigger_quarantine: QuarantineBucket,
    pub due_journeys: RecordedJourneys,
    pub due_actions: RecordedActions,
    pub timers: Timers,
    pub idle_timers: Timers,
    pub delivery: Delivery,
}

pub struct Collect {
    pub bus: RecordedBus<Bus>,
    pub vault: VaultTable,
    pub quarantine: QuarantineBucket,
}

pub struct Timers {
    pub timers: TimerTable,
    pub due: RecordedDue,
    pub held: HeldTable,
    pub actions: RecordedActions,
}

pub struct Delivery {
    pub people: People,
    pub ledger: LedgerTable,
    pub vault: VaultTable,
    pub bus: RecordedBus<Bus>,
    pub holding: HeldTable,
    pub email: SesEmail,
    pub webhook: Webhook,
}

/// What another client made.
struct Made {
    bus: String,
    service: String,
    marketing: String,
    due: String,
    bucket: String,
}

impl Deployed {
    pub async fn make(options: &Options) -> Result<Deployed> {
        let endpoint = Endpoint::ministack().url();
        let config = config(&options.campaign)?;
        let made = make(endpoint, options.kinesis, &config.settings.delivery.sender.address)?;
        let tables = create_tables(&Aws::local(endpoint, None).await, &fresh_name("counted")).await?;
        let (tallies, idle) = (Tallies::default(), Tallies::default());
        let bus = |aws: &Aws| match options.kinesis {
            true => Bus::Stream(KinesisBus::new(aws, &made.bus)),
            false => Bus::Topic(TopicBus::new(aws, &made.bus)),
        };
        let actions =
            |aws: &Aws| RecordedActions::new(ActionQueues::new(aws, &made.service, &made.marketing));
        let timers = |aws: &Aws| Timers {
            timers: TimerTable::new(aws, &tables.timers),
            due: RecordedDue::new(DueMessages::new(aws, &made.due)),
            held: HeldTable::new(aws, &tables.held),
            actions: actions(aws),
        };
        let journeys =
            |aws: &Aws| RecordedJourneys::new(JourneyTable::new(aws, &tables.journeys, &tables.timers));

        let aws = tallies.aws("collect-events", endpoint).await;
        let collect = Collect {
            bus: RecordedBus::new(bus(&aws)),
            vault: VaultTable::new(&aws, &tables.vault),
            quarantine: QuarantineBucket::new(&aws, &made.bucket),
        };
        let aws = tallies.aws("update-profiles", endpoint).await;
        let people = RecordedPeople::new(People::of_writer(&aws, &tables.profiles));
        let profile_quarantine = QuarantineBucket::new(&aws, &made.bucket);
        let aws = tallies.aws("archive-events", endpoint).await;
        let lake = LakeBucket::new(&aws, &made.bucket);
        let lake_quarantine = QuarantineBucket::new(&aws, &made.bucket);
        let aws = tallies.aws("evaluate-triggers", endpoint).await;
        let (triggered, trigger_actions) = (journeys(&aws), actions(&aws));
        let trigger_people = People::new(&aws, &tables.profiles);
        let trigger_sends = SendsTable::new(&aws, &tables.caps);
        let trigger_quarantine = QuarantineBucket::new(&aws, &made.bucket);
        let aws = tallies.aws("evaluate-triggers/due", endpoint).await;
        let (due_journeys, due_actions) = (journeys(&aws), actions(&aws));
        let due_people = People::new(&aws, &tables.profiles);
        let due_sends = SendsTable::new(&aws, &tables.caps);
        let due_timers = timers(&tallies.aws("fire-timers", endpoint).await);
        let idle_timers = timers(&idle.aws("fire-timers", endpoint).await);
        let name = "deliver-messages";
        // The items of open claims are in an index of their own.
        let meter: Meter = tallies.of(name).meter.clone().with_index(&tables.ledger, "pending");
        let aws = Aws::local(endpoint, Some(meter)).await;
        let delivery = Delivery {
            people: People::new(&aws, &tables.profiles),
            ledger: LedgerTable::new(&aws, &tables.ledger, &tables.caps),
            vault: VaultTable::new(&aws, &tables.vault),
            bus: RecordedBus::new(bus(&aws)),
            holding: HeldTable::new(&aws, &tables.held),
            email: SesEmail::new(&aws, None),
            webhook: Webhook::default(),
        };
        Ok(Deployed {
            kinesis: options.kinesis,
            parser: Parser::new(Pseudonymizer::new(b"counted"), config.settings.parser.clone()),
            write_keys: WriteKeys::new([("shop".to_owned(), WRITE_KEY.to_owned())]),
            config,
            tallies,
            idle,
            tables,
            collect,
            people,
            profile_quarantine,
            lake,
            lake_quarantine,
            journeys: triggered,
            trigger_actions,
            trigger_people,
            trigger_sends,
            due_people,
            due_sends,
            trigger_quarantine,
            due_journeys,
            due_actions,
            timers: due_timers,
            idle_timers,
            delivery,
        })
    }

    /// What the tables hold, as DynamoDB bills it: 100 bytes an item beside its own.
    pub fn table_bytes(&self) -> u64 {
        let of = |function, table: &str| {
            let held = self.tallies.of(function).meter.held(table);
            held.bytes + 100 * held.items
        };
        let vault = self.tallies.of("collect-events").meter.counts().sum("DynamoDB", "", &self.tables.vault);
        of("update-profiles", &self.tables.profiles)
            + of("evaluate-triggers", &self.tables.journeys)
            + of("deliver-messages", &self.tables.ledger)
            + of("deliver-messages", &self.tables.caps)
            + vault.bytes
            + 100 * vault.items
    }

    /// What the files of the lake hold.
    pub fn lake_bytes(&self) -> u64 {
        self.tallies.of("archive-events").meter.counts().sum("S3", "PutObject", "").bytes
    }
}

/// The sample shop's configuration with one of its campaigns, or none.
fn config(campaign: &str) -> Result<Config> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/shop/config");
    let mut files = Files::default();
    let mut paths = vec![PathBuf::from("settings.yaml")];
    if campaign != "none" {
        paths.push(format!("campaigns/{campaign}.yaml").into());
    }
    for template in fs::read_dir(folder.join("templates"))? {
        paths.push(Path::new("templates").join(template?.file_name()));
    }
    for path in paths {
        let text =
            fs::read_to_string(folder.join(&path)).with_context(|| format!("reading {}", path.display()))?;
        files.insert(path, text);
    }
    let (config, problems) = Config::read(&files);
    ensure!(problems.is_empty(), "{problems}");
    Ok(config)
}

/// Makes what no adapter makes: the bus, the queues, a bucket, verified addresses.
fn make(endpoint: &str, kinesis: bool, sender: &str) -> Result<Made> {
    let program = "import boto3, sys\n\
        url, name, bus, sender, people = sys.argv[1:]\n\
        client = lambda service: boto3.client(service, endpoint_url=url, region_name='us-east-1', \
        aws_access_key_id='test', aws_secret_access_key='test')\n\
        if bus == 'kinesis':\n    \
            client('kinesis').create_stream(StreamName=name, ShardCount=1)\n    \
            client('kinesis').get_waiter('stream_exists').wait(StreamName=name, WaiterConfig=dict(Delay=1))\n    \
            print(name)\n\
        else:\n    \
            print(client('sns').create_topic(Name=name)['TopicArn'])\n\
        for queue in ['service', 'marketing', 'due']:\n    \
            print(client('sqs').create_queue(QueueName=name + '-' + queue)['QueueUrl'])\n\
        client('s3').create_bucket(Bucket=name)\n\
        print(name)\n\
        ses = client('sesv2')\n\
        for identity in [sender] + [f'user-{n}@example.com' for n in range(int(people))]:\n    \
            ses.create_email_identity(EmailIdentity=identity)\n";
    let bus = if kinesis { "kinesis" } else { "sqs" };
    let mut command = Command::new(python().map_err(anyhow::Error::msg)?);
    let output =
        command.args(["-c", program, endpoint, &fresh_name("counted"), bus, sender, PEOPLE]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let [bus, service, marketing, due, bucket] =
        text.lines().map(str::to_owned).collect::<Vec<_>>().try_into().map_err(|lines: Vec<String>| {
            anyhow::anyhow!("the other client printed {} lines", lines.len())
        })?;
    Ok(Made { bus, service, marketing, due, bucket })
}
