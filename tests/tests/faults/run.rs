//! A workload through all functions, with the event sources played.

use crate::network::Dice;
use crate::pipes::{StreamReader, data, images, take_all};
use crate::source::{Source, bring};
use crate::world::{BusKind, World};
use collect_events::WriteKeys;
use event::{Event, MINUTE, Parser, Pseudonymizer};
use futures_util::{StreamExt, stream};
use lambda::{Failure, Invocation};
use rondo_tests::{KEY, Workload, input};
use serde_json::Value;
use std::cell::{Cell, RefCell};

/// Invocations of a function at a time.
const INVOCATIONS: usize = 32;
/// Functions that write people's items meet each other then; this many at a time.
const WRITERS: usize = 2;
/// Records of a stream, messages of the bus's queues, and messages of the other queues in a batch.
const RECORDS: usize = 250;
const ENVELOPES: usize = 50;
const MESSAGES: usize = 2;
/// How often a sender sends a request.
const ATTEMPTS: usize = 60;

/// The functions at work.
pub struct Run<'w> {
    world: &'w World,
    now: i64,
    bus: RefCell<Option<StreamReader>>,
    changes: RefCell<StreamReader>,
    /// How often in a hundred a batch comes twice, by which dice.
    repeats: u64,
    dice: RefCell<Dice>,
    sequence: Cell<u64>,
}

impl<'w> Run<'w> {
    pub fn new(world: &'w World, bus: BusKind, repeats: u64, now: i64) -> Run<'w> {
        let of_bus = (bus == BusKind::Stream).then(|| StreamReader::bus(world.endpoint, &world.names.bus));
        Run {
            world,
            now,
            bus: RefCell::new(of_bus),
            changes: RefCell::new(StreamReader::changes(world.endpoint, &world.tables.profiles)),
            repeats,
            dice: RefCell::new(Dice::new(1)),
            sequence: Cell::new(0),
        }
    }

    /// All of it, up to what is told of the messages.
    pub async fn all(&self, workload: &Workload) {
        self.collect(workload).await;
        self.settle(self.now).await;
        let later = self.now + 60 * MINUTE;
        self.fire(later).await;
        let actions = self.take_actions();
        self.deliver(&actions, later).await;
        self.settle(later).await;
    }

    /// Sends all requests; one that is answered otherwise than 200 is sent again.
    async fn collect(&self, workload: &Workload) {
        let bodies = workload.bodies();
        let requests = stream::iter(&bodies).map(async |body| {
            let request = input::post("/v1/import", body, KEY, self.now);
            let request = Invocation::parse(&request).unwrap();
            let mut said = String::new();
            for _ in 0..ATTEMPTS {
                match self.collect_events(&request).await {
                    Ok(answer) if answer["statusCode"] == 200 => return,
                    // Anything but "unavailable" is a mistake that sending again can't mend.
                    Ok(answer) if answer["statusCode"] == 503 => said = answer.to_string(),
                    Ok(answer) => panic!("{answer}"),
                    Err(failure) => said = failure.to_string(),
                }
            }
            panic!("a request was refused {ATTEMPTS} times: {said}");
        });
        requests.buffer_unordered(INVOCATIONS).collect::<()>().await;
    }

    async fn collect_events(&self, request: &Invocation) -> Result<Value, Failure> {
        let World { config, bus, vault, quarantine, .. } = self.world;
        let config = config.current(self.now).await?;
        let parser = &Parser::new(Pseudonymizer::new(&self.world.hash_key), config.settings.parser.clone());
        let write_keys = &WriteKeys::default().and_digests(config.settings.write_keys.clone());
        let requests = &event::NoRequests;
        let deps = collect_events::Deps { bus, vault, quarantine, requests, parser, write_keys };
        collect_events::invoke(&deps, request, self.now).await
    }

    /// Brings what is on the bus to its consumers, and what they change to evaluate-triggers.
    async fn settle(&self, now: i64) {
        let (profiles, lake) = match &mut *self.bus.borrow_mut() {
            Some(reader) => {
                let shards: Vec<_> = reader.next().into_iter().map(data).collect();
                let batch =
                    |envelopes: &[Vec<u8>]| input::kinesis(envelopes, self.number(envelopes.len()), now);
                let shards: Vec<Vec<String>> =
                    shards.iter().map(|shard| shard.chunks(RECORDS).map(batch).collect()).collect();
                (shards.clone(), shards)
            }
            None => {
                let batches =
                    |queue: &String| self.messages(&take_all(self.world.endpoint, queue), ENVELOPES, now);
                let [profiles, lake] = [0, 1].map(|n| batches(&self.world.names.consumers[n]));
                let alone = |batches: Vec<String>| batches.into_iter().map(|batch| vec![batch]).collect();
                (alone(profiles), alone(lake))
            }
        };
        let source = if self.world.names.consumers.is_empty() { Source::Stream } else { Source::Queue };
        let update = async |batch: &Invocation| self.update_profiles(batch, now).await;
        let archive = async |batch: &Invocation| self.archive_events(batch, now).await;
        tokio::join!(
            self.bring(source, &profiles, WRITERS, update),
            self.bring(source, &lake, INVOCATIONS, archive)
        );

        let shards: Vec<_> = self.changes.borrow_mut().next().into_iter().map(images).collect();
        let batch = |images: &[_]| input::changes(images, self.number(images.len()), now);
        let shards: Vec<Vec<String>> =
            shards.iter().map(|shard| shard.chunks(RECORDS).map(batch).collect()).collect();
        let evaluate = async |batch: &Invocation| self.evaluate_triggers(batch, now).await;
        self.bring(Source::Stream, &shards, WRITERS, evaluate).await;
    }

    /// Fires what is due.
    async fn fire(&self, now: i64) {
        let schedule = Invocation::parse(&input::schedule(now)).unwrap();
        let World { timers, due, held, actions, .. } = self.world;
        let deps = fire_timers::Deps { timers, due, held, actions };
        for attempt in 1.. {
            match fire_timers::invoke(&deps, &schedule, now).await {
                Ok(_) => break,
                Err(failure) => assert!(attempt < ATTEMPTS, "fire-timers failed {ATTEMPTS} times: {failure}"),
            }
        }
        let people = take_all(self.world.endpoint, &self.world.names.due);
        let evaluate = async |batch: &Invocation| self.evaluate_triggers(batch, now).await;
        let batches: Vec<_> = self.messages(&people, 1, now).into_iter().map(|batch| vec![batch]).collect();
        self.bring(Source::Queue, &batches, WRITERS, evaluate).await;
    }

    /// The bodies of both action queues.
    pub fn take_actions(&self) -> Vec<String> {
        let names = &self.world.names;
        [&names.service, &names.marketing].map(|queue| take_all(self.world.endpoint, queue)).concat()
    }

    /// Brings actions to deliver-messages.
    pub async fn deliver(&self, actions: &[String], now: i64) {
        let deliver = async |batch: &Invocation| self.deliver_messages(batch, now).await;
        let batches: Vec<_> =
            self.messages(actions, MESSAGES, now).into_iter().map(|batch| vec![batch]).collect();
        self.bring(Source::Queue, &batches, INVOCATIONS, deliver).await;
    }

    /// Brings the batches of each shard in their order, so many shards at a time.
    async fn bring(
        &self,
        source: Source,
        shards: &[Vec<String>],
        at_a_time: usize,
        function: impl AsyncFn(&Invocation) -> Result<Value, Failure>,
    ) {
        let function = &function;
        let shard = async |batches: &Vec<String>| {
            for batch in batches {
                let twice = self.dice.borrow_mut().hits(self.repeats);
                bring(source, batch, twice, function).await;
            }
        };
        stream::iter(shards).map(shard).buffer_unordered(at_a_time).collect::<()>().await;
    }

    async fn update_profiles(&self, batch: &Invocation, now: i64) -> Result<Value, Failure> {
        let World { config, writer, quarantine, .. } = self.world;
        let config = config.current(now).await?;
        let wanted = |event: &Event<'_>| config.campaigns.wants(event);
        let deps = update_profiles::Deps { store: writer, wanted: &wanted, rules: &config.settings.identity };
        update_profiles::invoke(&deps, quarantine, batch, now).await
    }

    async fn archive_events(&self, batch: &Invocation, now: i64) -> Result<Value, Failure> {
        let World { lake, quarantine, .. } = self.world;
        let deps = archive_events::Deps { lake, quarantine, settings: archive_events::Settings::default() };
        archive_events::invoke(&deps, batch, now).await
    }

    async fn evaluate_triggers(&self, batch: &Invocation, now: i64) -> Result<Value, Failure> {
        let World { config, journeys, sends, actions, people: profiles, quarantine, .. } = self.world;
        let config = config.current(now).await?;
        let (campaigns, lateness) = (&config.campaigns, config.settings.lateness);
        let zone = &config.settings.delivery.zone;
        let reading_history = false;
        let deps = evaluate_triggers::Deps {
            journeys,
            sends,
            actions,
            profiles,
            campaigns,
            zone,
            lateness,
            reading_history,
            privacy: None,
        };
        evaluate_triggers::invoke(&deps, quarantine, batch, now).await
    }

    async fn deliver_messages(&self, batch: &Invocation, now: i64) -> Result<Value, Failure> {
        let World { config, people: profiles, ledger, vault, bus, held: holding, email, webhook, .. } =
            self.world;
        let config = config.current(now).await?;
        let (campaigns, settings) = (&config.campaigns, &config.settings.delivery);
        let deps = deliver_messages::Deps {
            campaigns,
            settings,
            profiles,
            ledger,
            vault,
            bus,
            holding,
            email,
            webhook,
        };
        deliver_messages::invoke(&deps, batch, now).await
    }

    fn messages(&self, bodies: &[String], most: usize, now: i64) -> Vec<String> {
        let batch = |bodies: &[String]| input::messages(bodies, "queue", self.number(bodies.len()), now);
        bodies.chunks(most).map(batch).collect()
    }

    /// The first of so many numbers that no other record has.
    fn number(&self, count: usize) -> u64 {
        self.sequence.replace(self.sequence.get() + count as u64)
    }
}
