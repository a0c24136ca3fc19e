//! Plays the event sources: what is published reaches the functions in batches, in simulated time.

use crate::deployed::{Deployed, Timers, WRITE_KEY};
use crate::input;
use crate::tally::Tally;
use anyhow::{Context, Result, ensure};
use aws_lambda_events::dynamodb;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use aws_lambda_events::sqs::SqsEvent;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campaign::Lane;
use event::{Event, Key, MINUTE, SECOND};
use rondo::simulate::{Random, Record};
use serde_json::Value;

/// Windows and batches of the template: ms, records.
const PROFILE_BATCH: usize = 10_000;
const LAKE: (i64, usize) = (300 * SECOND, 10_000);
const CHANGES: (i64, usize) = (5 * SECOND, 100);
/// What Lambda takes at most, with base64 and what is around it.
const PAYLOAD: usize = 6_000_000 * 3 / 4;
/// Consumers that gather batches of their own: one for a shard of the stream, five for a queue, four for the shards
/// of the change stream.
const POLLERS: usize = 5;
const CHANGE_SHARDS: usize = 4;

/// What waits at one consumer.
struct Gathering<T> {
    window: i64,
    most: usize,
    began: i64,
    bytes: usize,
    items: Vec<T>,
}

impl<T> Gathering<T> {
    fn new((window, most): (i64, usize)) -> Gathering<T> {
        Gathering { window, most, began: 0, bytes: 0, items: Vec::new() }
    }

    fn push(&mut self, now: i64, bytes: usize, item: T) {
        if self.items.is_empty() {
            self.began = now;
        }
        self.bytes += bytes;
        self.items.push(item);
    }

    /// When the batch is to be handed on, if anything waits.
    fn due(&self, now: i64) -> Option<i64> {
        match self.items.len() {
            0 => None,
            count if count >= self.most || self.bytes >= PAYLOAD => Some(now),
            _ => Some(self.began + self.window),
        }
    }

    fn take(&mut self) -> Vec<T> {
        self.bytes = 0;
        let rest = self.items.split_off(self.items.len().min(self.most));
        std::mem::replace(&mut self.items, rest)
    }
}

/// The event sources at work.
pub struct Play<'d> {
    deployed: &'d Deployed,
    profiles: Vec<Gathering<Vec<u8>>>,
    lake: Vec<Gathering<Vec<u8>>>,
    changes: Vec<Gathering<(Key, Value)>>,
    random: Random,
    sequence: u64,
}

/// What happens next.
#[derive(Clone, Copy)]
enum Next {
    Profiles(usize),
    Lake(usize),
    Changes(usize),
    Timers(u32),
}

impl<'d> Play<'d> {
    pub fn new(deployed: &'d Deployed, window: i64) -> Play<'d> {
        let consumers = if deployed.kinesis { 1 } else { POLLERS };
        Play {
            deployed,
            profiles: (0..consumers).map(|_| Gathering::new((window, PROFILE_BATCH))).collect(),
            lake: (0..consumers).map(|_| Gathering::new(LAKE)).collect(),
            changes: (0..CHANGE_SHARDS).map(|_| Gathering::new(CHANGES)).collect(),
            random: Random::new(5),
            sequence: 0,
        }
    }

    /// A minute in which no timer is due.
    pub async fn idle_minute(&mut self, now: i64) -> Result<()> {
        let tally = self.deployed.idle.of("fire-timers");
        fire(&tally, &self.deployed.idle_timers, now).await
    }

    /// Plays the records in the order of their arrival, and then what is still to come.
    pub async fn all(&mut self, records: &[Record]) -> Result<()> {
        let together = |a: &Record, b: &Record| (a.device, a.received_at) == (b.device, b.received_at);
        for records in records.chunk_by(together) {
            let now = records[0].received_at;
            self.until(now).await?;
            self.collect(records, now).await?;
        }
        self.until(i64::MAX).await
    }

    async fn collect(&mut self, records: &[Record], now: i64) -> Result<()> {
        let d = self.deployed;
        let request = input::request(records, WRITE_KEY, now);
        let collect = &d.collect;
        let deps = collect_events::Deps {
            bus: &collect.bus,
            vault: &collect.vault,
            quarantine: &collect.quarantine,
            requests: &event::NoRequests,
            parser: &d.parser,
            write_keys: &d.write_keys,
        };
        let tally = d.tallies.of("collect-events");
        let answer = tally.invoke(1, async {
            let request: LambdaFunctionUrlRequest = serde_json::from_str(&request)?;
            anyhow::Ok(collect_events::handle(&deps, &request, now).await)
        });
        let answer = answer.await?;
        ensure!(
            answer.status_code == 200,
            "collect-events answered {}: {:?}",
            answer.status_code,
            answer.body
        );
        let sent = collect.bus.take();
        self.publish(sent, now);
        Ok(())
    }

    /// What the bus brings to its two consumers.
    fn publish(&mut self, envelopes: Vec<Vec<u8>>, now: i64) {
        for envelope in envelopes {
            let profiles = self.random.below(self.profiles.len());
            let lake = self.random.below(self.lake.len());
            self.profiles[profiles].push(now, envelope.len(), envelope.clone());
            self.lake[lake].push(now, envelope.len(), envelope);
        }
    }

    /// Everything that is due up to a time, in order.
    async fn until(&mut self, end: i64) -> Result<()> {
        let mut now = 0;
        while let Some((at, next)) = self.next(now, end) {
            now = now.max(at);
            match next {
                Next::Profiles(consumer) => self.profiles(consumer, now).await?,
                Next::Lake(consumer) => self.lake(consumer, now).await?,
                Next::Changes(shard) => self.change(shard, now).await?,
                Next::Timers(minute) => self.fire(i64::from(minute) * MINUTE).await?,
            }
        }
        Ok(())
    }

    fn next(&self, now: i64, end: i64) -> Option<(i64, Next)> {
        let of = |kind: fn(usize) -> Next, due: Vec<Option<i64>>| {
            due.into_iter().enumerate().filter_map(move |(n, at)| Some((at?, kind(n))))
        };
        let profiles = of(Next::Profiles, self.profiles.iter().map(|batch| batch.due(now)).collect());
        let lake = of(Next::Lake, self.lake.iter().map(|batch| batch.due(now)).collect());
        let changes = of(Next::Changes, self.changes.iter().map(|batch| batch.due(now)).collect());
        let next = profiles.chain(lake).chain(changes).min_by_key(|(at, _)| *at).filter(|(at, _)| *at <= end);
        let before = next.map_or(end, |(at, _)| at);
        let minute = before.div_euclid(MINUTE).clamp(0, i64::from(u32::MAX)) as u32;
        let d = self.deployed;
        let due = d.journeys.next_due(minute).or_else(|| d.due_journeys.next_due(minute));
        due.map(|minute| (i64::from(minute) * MINUTE, Next::Timers(minute))).or(next)
    }

    async fn profiles(&mut self, consumer: usize, now: i64) -> Result<()> {
        let d = self.deployed;
        let batch = self.profiles[consumer].take();
        let wanted = |event: &Event<'_>| d.config.campaigns.wants(event);
        let deps =
            update_profiles::Deps { store: &d.people, wanted: &wanted, rules: &d.config.settings.identity };
        let input = self.bus_input("profiles", &batch, now);
        let tally = d.tallies.of("update-profiles");
        let failed = tally.invoke(batch.len(), async {
            anyhow::Ok(match d.kinesis {
                true => {
                    let batch: KinesisEvent = serde_json::from_str(&input)?;
                    update_profiles::handle(&deps, &d.profile_quarantine, now, batch)
                        .await
                        .batch_item_failures
                        .len()
                }
                false => {
                    let batch: SqsEvent = serde_json::from_str(&input)?;
                    update_profiles::handle(&deps, &d.profile_quarantine, now, batch)
                        .await
                        .batch_item_failures
                        .len()
                }
            })
        });
        ensure!(failed.await? == 0, "update-profiles failed");
        for (key, image) in d.people.take() {
            self.changes[usize::from(key.0[0]) % CHANGE_SHARDS].push(
                now,
                image.to_string().len(),
                (key, image),
            );
        }
        Ok(())
    }

    async fn lake(&mut self, consumer: usize, now: i64) -> Result<()> {
        let d = self.deployed;
        let batch = self.lake[consumer].take();
        let settings = archive_events::Settings::default();
        let deps = archive_events::Deps { lake: &d.lake, quarantine: &d.lake_quarantine, settings };
        let input = self.bus_input("lake", &batch, now);
        let tally = d.tallies.of("archive-events");
        let failed = tally.invoke(batch.len(), async {
            anyhow::Ok(match d.kinesis {
                true => {
                    let batch: KinesisEvent = serde_json::from_str(&input)?;
                    archive_events::handle(&deps, &batch, now).await.batch_item_failures.len()
                }
                false => {
                    let batch: SqsEvent = serde_json::from_str(&input)?;
                    archive_events::handle(&deps, &batch, now).await.batch_item_failures.len()
                }
            })
        });
        ensure!(failed.await? == 0, "archive-events failed");
        Ok(())
    }

    async fn change(&mut self, shard: usize, now: i64) -> Result<()> {
        let d = self.deployed;
        let batch = self.changes[shard].take();
        let input = input::changes(&batch, self.numbers(batch.len()), now);
        let deps = evaluate_triggers::Deps {
            journeys: &d.journeys,
            sends: &d.trigger_sends,
            actions: &d.trigger_actions,
            profiles: &d.trigger_people,
            campaigns: &d.config.campaigns,
            zone: &d.config.settings.delivery.zone,
            lateness: d.config.settings.lateness,
            reading_history: false,
            privacy: None,
        };
        let tally = d.tallies.of("evaluate-triggers");
        let answer = tally.invoke(batch.len(), async {
            let batch: dynamodb::Event = serde_json::from_str(&input)?;
            anyhow::Ok(evaluate_triggers::handle_changes(&deps, &d.trigger_quarantine, now, batch).await)
        });
        ensure!(answer.await?.batch_item_failures.is_empty(), "evaluate-triggers failed");
        let actions = d.trigger_actions.take();
        self.deliver(actions, now).await
    }

    async fn fire(&mut self, now: i64) -> Result<()> {
        let d = self.deployed;
        fire(&d.tallies.of("fire-timers"), &d.timers, now).await?;
        let bodies = d.timers.due.take();
        for batch in bodies.chunks(10) {
            let input = input::messages(batch, "due", self.numbers(batch.len()), now);
            let deps = evaluate_triggers::Deps {
                journeys: &d.due_journeys,
                sends: &d.due_sends,
                actions: &d.due_actions,
                profiles: &d.due_people,
                campaigns: &d.config.campaigns,
                zone: &d.config.settings.delivery.zone,
                lateness: d.config.settings.lateness,
                reading_history: false,
                privacy: None,
            };
            let tally = d.tallies.of("evaluate-triggers/due");
            let answer = tally.invoke(batch.len(), async {
                let batch: SqsEvent = serde_json::from_str(&input)?;
                anyhow::Ok(evaluate_triggers::handle_due(&deps, now, batch).await)
            });
            ensure!(answer.await?.batch_item_failures.is_empty(), "evaluate-triggers failed on due people");
        }
        let actions = d.due_actions.take().into_iter().chain(d.timers.actions.take()).collect();
        self.deliver(actions, now).await
    }

    async fn deliver(&mut self, actions: Vec<(Lane, String)>, now: i64) -> Result<()> {
        let d = self.deployed;
        let delivery = &d.delivery;
        let deps = deliver_messages::Deps {
            campaigns: &d.config.campaigns,
            settings: &d.config.settings.delivery,
            profiles: &delivery.people,
            ledger: &delivery.ledger,
            vault: &delivery.vault,
            bus: &delivery.bus,
            holding: &delivery.holding,
            email: &delivery.email,
            webhook: &delivery.webhook,
        };
        for (lane, most) in [(Lane::Service, 10), (Lane::Marketing, 25)] {
            let bodies: Vec<String> =
                actions.iter().filter(|(of, _)| *of == lane).map(|(_, body)| body.clone()).collect();
            for batch in bodies.chunks(most) {
                let input = input::messages(batch, "actions", self.numbers(batch.len()), now);
                let tally = d.tallies.of("deliver-messages");
                let answer = tally.invoke(batch.len(), async {
                    let batch: SqsEvent = serde_json::from_str(&input)?;
                    anyhow::Ok(deliver_messages::handle(&deps, now, batch).await)
                });
                ensure!(answer.await?.batch_item_failures.is_empty(), "deliver-messages failed");
            }
        }
        self.publish(delivery.bus.take(), now);
        Ok(())
    }

    fn bus_input(&mut self, queue: &str, envelopes: &[Vec<u8>], now: i64) -> String {
        let first = self.numbers(envelopes.len());
        if self.deployed.kinesis {
            return input::kinesis(envelopes, first, now);
        }
        let bodies: Vec<String> = envelopes.iter().map(|envelope| STANDARD.encode(envelope)).collect();
        input::messages(&bodies, queue, first, now)
    }

    fn numbers(&mut self, count: usize) -> u64 {
        let first = self.sequence;
        self.sequence += count as u64;
        first
    }
}

async fn fire(tally: &Tally, timers: &Timers, now: i64) -> Result<()> {
    let input = input::schedule(now);
    let Timers { timers, due, held, actions } = timers;
    let deps = fire_timers::Deps { timers, due, held, actions };
    let moved = tally.invoke(0, async {
        let event: EventBridgeEvent<Value> = serde_json::from_str(&input)?;
        anyhow::Ok(fire_timers::handle(&deps, now, &event).await?)
    });
    moved.await.map(drop).context("fire-timers failed")
}
