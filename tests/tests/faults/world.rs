//! What the functions work on, deployed on the endpoint as far as their adapters go, behind a network.

use aws::{
    ActionQueues, Aws, Bus, DueMessages, HeldTable, JourneyTable, KinesisBus, LakeBucket, LedgerTable,
    LiveConfig, People, QuarantineBucket, SendsTable, SesEmail, Tables, TimerTable, TopicBus, VaultTable,
    create_tables,
};
use lake::{LakeFile, LakeStore};
use rondo_tests::proxy::{self, Call, Fate};
use rondo_tests::{Endpoint, State, Stores, Workload, config, fresh_name, mail, other_client};
use webhook::Webhook;

/// Which bus a deployment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusKind {
    Stream,
    Topic,
}

/// Everything that the functions need, over the network.
pub struct World {
    pub endpoint: &'static Endpoint,
    pub hash_key: Vec<u8>,
    pub tables: Tables,
    pub names: Names,
    pub config: LiveConfig,
    pub bus: Bus,
    pub people: People,
    /// The same table, for update-profiles.
    pub writer: People,
    pub vault: VaultTable,
    pub quarantine: QuarantineBucket,
    pub lake: LakeBucket,
    pub journeys: JourneyTable,
    pub timers: TimerTable,
    pub held: HeldTable,
    pub due: DueMessages,
    pub actions: ActionQueues,
    pub ledger: LedgerTable,
    pub sends: SendsTable,
    pub email: SesEmail,
    pub webhook: Webhook,
    /// Past the network.
    direct: Aws,
}

/// What another client made. Each consumer of a topic has a queue; a stream is its own.
pub struct Names {
    pub bus: String,
    pub consumers: Vec<String>,
    pub service: String,
    pub marketing: String,
    pub due: String,
    bucket: String,
}

impl World {
    /// Makes everything anew, as yet without faults; `network` decides what becomes of the functions' calls.
    pub async fn make(bus: BusKind, network: impl Fn(&Call) -> Fate + Send + Sync + 'static) -> World {
        let endpoint = Endpoint::ministack();
        let name = fresh_name("faults");
        let direct = Aws::local(endpoint.url(), None).await;
        let tables = create_tables(&direct, &name).await.unwrap();
        let names = make(endpoint, bus, &name);
        mail::verify_domains(endpoint, &["shop.example", "people.example"]);
        let bundle = LakeFile { path: "config.json".into(), bytes: config().to_bundle() };
        LakeBucket::new(&direct, &names.bucket).put(&bundle).await.unwrap();

        let aws = Aws::local(&proxy::before(endpoint.url(), network), None).await;
        World {
            endpoint,
            // Of its own, so that actions have ids of their own on an endpoint that others use too.
            hash_key: name.into_bytes(),
            config: LiveConfig::new(&aws, &names.bucket, "config.json"),
            bus: match bus {
                BusKind::Stream => Bus::Stream(KinesisBus::new(&aws, &names.bus)),
                BusKind::Topic => Bus::Topic(TopicBus::new(&aws, &names.bus)),
            },
            people: People::new(&aws, &tables.profiles),
            writer: People::of_writer(&aws, &tables.profiles),
            vault: VaultTable::new(&aws, &tables.vault),
            quarantine: QuarantineBucket::new(&aws, &names.bucket),
            lake: LakeBucket::new(&aws, &names.bucket),
            journeys: JourneyTable::new(&aws, &tables.journeys, &tables.timers),
            timers: TimerTable::new(&aws, &tables.timers),
            held: HeldTable::new(&aws, &tables.held),
            due: DueMessages::new(&aws, &names.due),
            actions: ActionQueues::new(&aws, &names.service, &names.marketing),
            ledger: LedgerTable::new(&aws, &tables.ledger, &tables.caps),
            sends: SendsTable::new(&aws, &tables.caps),
            email: SesEmail::new(&aws, None),
            webhook: Webhook::default(),
            tables,
            names,
            direct,
        }
    }

    /// What the functions left.
    pub async fn state(&self, workload: &Workload) -> State {
        let stores = Stores {
            profiles: &self.tables.profiles,
            ledger: &self.tables.ledger,
            caps: &self.tables.caps,
            data: &self.names.bucket,
            quarantine: &self.names.bucket,
            vault_key: None,
        };
        let browsers = workload.browsers(&event::Pseudonymizer::new(&self.hash_key));
        stores.state(&self.direct, &browsers).await
    }
}

/// Makes what no adapter makes: the bus, the queues, a bucket.
fn make(endpoint: &Endpoint, bus: BusKind, name: &str) -> Names {
    let program = "name, bus = arguments\n\
        def queue(what):\n    \
            url = client('sqs').create_queue(QueueName=f'{name}-{what}')['QueueUrl']\n    \
            print(url)\n    \
            return url\n\
        client('s3').create_bucket(Bucket=name)\n\
        for what in ['service', 'marketing', 'due']: queue(what)\n\
        if bus == 'Stream':\n    \
            client('kinesis').create_stream(StreamName=name, ShardCount=2)\n    \
            client('kinesis').get_waiter('stream_exists').wait(StreamName=name, WaiterConfig=dict(Delay=1))\n    \
            print(name)\n\
        else:\n    \
            topic = client('sns').create_topic(Name=name)['TopicArn']\n    \
            for what in ['profiles', 'lake']:\n        \
                arn = client('sqs').get_queue_attributes(QueueUrl=queue(what), AttributeNames=['QueueArn'])\n        \
                client('sns').subscribe(TopicArn=topic, Protocol='sqs', Endpoint=arn['Attributes']['QueueArn'], \
                Attributes=dict(RawMessageDelivery='true'))\n    \
            print(topic)";
    let printed = other_client(endpoint, program, &[name, &format!("{bus:?}")]);
    let mut lines = printed.lines().map(str::to_owned);
    let [service, marketing, due] = [(); 3].map(|()| lines.next().unwrap());
    let mut consumers: Vec<String> = lines.collect();
    let bus = consumers.pop().unwrap();
    Names { bus, consumers, service, marketing, due, bucket: name.to_owned() }
}
