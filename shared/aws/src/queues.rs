//! The queues of actions, and of people whose timers are due.

use crate::Aws;
use crate::batches::{Batches, Limits, Refused, refused, send_all};
use crate::failure::failure;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campaign::{Action, ActionQueue, DueQueue, Lane, StartQueue, Starts};
use event::{Key, PortError};

/// The two action queues, standard ones: an action may lie there twice, and the ledger knows the second.
pub struct ActionQueues {
    service: Queue,
    marketing: Queue,
}

impl ActionQueues {
    /// Both by their URLs.
    pub fn new(aws: &Aws, service: impl Into<String>, marketing: impl Into<String>) -> ActionQueues {
        ActionQueues { service: Queue::new(aws, service), marketing: Queue::new(aws, marketing) }
    }
}

impl ActionQueue for ActionQueues {
    async fn put(&self, actions: &[Action]) -> Result<(), PortError> {
        for (lane, queue) in [(Lane::Service, &self.service), (Lane::Marketing, &self.marketing)] {
            let of_lane = actions.iter().filter(|action| action.lane == lane);
            send_all(queue, of_lane.map(|action| vec![STANDARD.encode(action.encode())])).await?;
        }
        Ok(())
    }
}

/// The queue from fire-timers and run-campaigns to evaluate-triggers.
pub struct DueMessages {
    queue: Queue,
}

/// How many people one message names.
const PEOPLE: usize = 1000;

impl DueMessages {
    /// By the queue's URL.
    pub fn new(aws: &Aws, queue: impl Into<String>) -> DueMessages {
        DueMessages { queue: Queue::new(aws, queue) }
    }
}

impl DueQueue for DueMessages {
    async fn put(&self, people: &[Key]) -> Result<(), PortError> {
        let body = |people: &[Key]| people.iter().map(Key::to_string).collect::<Vec<_>>().join(",");
        send_all(&self.queue, people.chunks(PEOPLE).map(|people| vec![body(people)])).await
    }
}

impl StartQueue for DueMessages {
    async fn put(&self, starts: &[Starts]) -> Result<(), PortError> {
        send_all(&self.queue, starts.iter().map(|message| vec![message.to_text()])).await
    }
}

struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    fn new(aws: &Aws, url: impl Into<String>) -> Queue {
        Queue { client: aws.sqs(), url: url.into() }
    }
}

impl Batches for Queue {
    type Entry = String;
    const WHAT: &'static str = "the queue";
    const LIMITS: Limits = Limits { entries: 10, bytes: 256 << 10, entry: 256 << 10 };

    fn size(entry: &String) -> usize {
        entry.len()
    }

    async fn send(&self, entries: Vec<String>) -> Result<Vec<Refused>, PortError> {
        let count = entries.len();
        let messages = entries.into_iter().enumerate().map(|(n, body)| {
            SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(body).build()
        });
        let messages = messages.collect::<Result<Vec<_>, _>>();
        let messages =
            messages.map_err(|error| PortError::Failed { what: Self::WHAT, reason: error.to_string() })?;
        let call = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(messages));
        let answer = call.send().await.map_err(|error| failure(Self::WHAT, error))?;
        let through = answer.successful().iter().map(|entry| entry.id());
        let failed = answer.failed().iter().map(|entry| (entry.id(), entry.code(), entry.sender_fault()));
        Ok(refused(count, through, failed))
    }
}
