//! The ledger and the cap counters, in two tables.

mod counters;
mod rows;
mod sends;
mod write;

use crate::Aws;
use crate::back_off::back_off;
use crate::batch_get::{Consistency, batch_get};
use crate::failure::failure;
use crate::item::{bytes_of, number};
use crate::random::random;
use aws_sdk_dynamodb::Client;
use campaign::{Claim, Claimed, Ledger, LedgerEntry, LedgerState, Sends, Settlement};
use counters::{Change, Counters};
use event::{Key, PortError};
use futures_util::{StreamExt, TryStreamExt, stream};
use rows::{ACTION, CLAIMED, PENDING, Put, Row, Token, WHAT, key};
pub use sends::SendsTable;
use std::collections::BTreeMap;

/// The index of claimed entries, with the keys `pending` and `claimed`.
const INDEX: &str = "claimed-index";
/// How many people's entries are written at once.
const PEOPLE: usize = 16;
/// How often an entry is read and written until its writer gives up.
const ATTEMPTS: u32 = 12;

/// The ledger in a DynamoDB table with the key `action` (binary) and the index `claimed-index`; the cap counters in
/// one with the keys `person` (binary) and `day` (text).
///
/// An entry and the row of its person's messages that it adds to are written in one transaction, on the condition that
/// both are as they were read: all caps hold, those of a day, of a window, and of all channels.
pub struct LedgerTable {
    client: Client,
    table: String,
    caps: String,
}

impl LedgerTable {
    pub fn new(aws: &Aws, ledger: impl Into<String>, caps: impl Into<String>) -> LedgerTable {
        LedgerTable { client: aws.dynamodb(), table: ledger.into(), caps: caps.into() }
    }

    /// Calls `visit` with every entry that can be read, in no order. It reads the whole table.
    pub async fn each_entry(&self, mut visit: impl FnMut(LedgerEntry)) -> Result<(), PortError> {
        let mut pages =
            self.client.scan().table_name(&self.table).consistent_read(true).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure(WHAT, error))?;
            page.items().iter().filter_map(|item| Row::read(item).ok()).for_each(|row| visit(row.entry));
        }
        Ok(())
    }
}

impl Ledger for LedgerTable {
    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, PortError> {
        let people = by_person(claims.iter().map(|claim| claim.entry.person));
        let answers = stream::iter(people).map(|places| self.claim_in_turn(claims, places));
        // Not given up at the first error: what is half claimed would stay so.
        let answers: Vec<Vec<_>> = answers.buffer_unordered(PEOPLE).collect().await;
        let mut answers: Vec<(usize, Result<Claimed, PortError>)> = answers.into_iter().flatten().collect();
        answers.sort_unstable_by_key(|(place, _)| *place);
        if answers.iter().any(|(_, answer)| answer.is_err()) {
            self.release(claims, &answers).await;
        }
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    async fn settle(&self, outcomes: &[LedgerEntry]) -> Result<(), PortError> {
        let people = stream::iter(by_person(outcomes.iter().map(|outcome| outcome.person))).map(Ok);
        let settle = |places: Vec<usize>| async move {
            for place in places {
                self.settle_one(&outcomes[place]).await?;
            }
            Ok(())
        };
        people.try_for_each_concurrent(PEOPLE, settle).await
    }

    async fn get(&self, action: Key) -> Result<Option<LedgerEntry>, PortError> {
        Ok(self.row(action).await?.map(|row| row.entry))
    }

    async fn sends(&self, person: Key) -> Result<Sends, PortError> {
        Ok(self.counters(person).await?.sends)
    }

    async fn claimed_before(&self, at: i64) -> Result<Vec<LedgerEntry>, PortError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("#pending = :pending AND #claimed < :at")
            .expression_attribute_names("#pending", PENDING)
            .expression_attribute_names("#claimed", CLAIMED)
            .expression_attribute_values(":pending", number(1))
            .expression_attribute_values(":at", number(at));
        let mut pages = query.into_paginator().send();
        let mut actions = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure(WHAT, error))?;
            let action = |item| Some(Key(bytes_of(item, ACTION)?.try_into().ok()?));
            actions.extend(page.items().iter().filter_map(action));
        }
        // The index follows the table after a while: what counts is what the table says.
        let items = batch_get(&self.client, WHAT, &self.table, ACTION, Consistency::Strong, actions).await?;
        let mut entries = Vec::with_capacity(items.len());
        for item in items.values() {
            let entry = Row::read(item)?.entry;
            if entry.state == LedgerState::Claimed && entry.at < at {
                entries.push(entry);
            }
        }
        entries.sort_unstable_by_key(|entry| (entry.at, entry.action));
        Ok(entries)
    }
}

impl LedgerTable {
    /// The answers to the claims of one person, up to the first error.
    async fn claim_in_turn(
        &self,
        claims: &[Claim],
        places: Vec<usize>,
    ) -> Vec<(usize, Result<Claimed, PortError>)> {
        let mut answers = Vec::with_capacity(places.len());
        for place in places {
            answers.push((place, self.claim_one(&claims[place]).await));
            if answers.last().is_some_and(|(_, answer)| answer.is_err()) {
                break;
            }
        }
        answers
    }

    /// Holds what was claimed in a call that fails: nobody is told of these claims, so nobody would send their
    /// messages. The same call can then be made again. What can't be held becomes unknown in time.
    async fn release(&self, claims: &[Claim], answers: &[(usize, Result<Claimed, PortError>)]) {
        let claimed = answers.iter().filter(|(_, answer)| matches!(answer, Ok(Claimed::Yes)));
        let claimed = claimed.map(|(place, _)| &claims[*place].entry);
        let held = claimed.filter(|entry| entry.state == LedgerState::Claimed).map(|entry| LedgerEntry {
            state: LedgerState::Held,
            detail: "another claim of the same call failed".to_owned(),
            ..entry.clone()
        });
        // The error to tell is the first one.
        let _ = self.settle(&held.collect::<Vec<_>>()).await;
    }

    /// Claims one. An attempt that finds the table out of reach is not the last, and may have been carried out: the
    /// next one meets what this call wrote itself, which nobody else would send.
    async fn claim_one(&self, claim: &Claim) -> Result<Claimed, PortError> {
        let token = random(WHAT)?;
        let (mut tried, mut lost) = (None, PortError::Conflict { what: WHAT });
        for attempt in 0..ATTEMPTS {
            match self.try_claim(claim, token, &mut tried).await {
                Err(error @ (PortError::Conflict { .. } | PortError::Unavailable { .. })) => lost = error,
                answer => return answer,
            }
            back_off(attempt).await;
        }
        Err(lost)
    }

    /// One attempt to claim; `tried` is what the one before it would have answered.
    async fn try_claim(
        &self,
        claim: &Claim,
        token: Token,
        tried: &mut Option<Claimed>,
    ) -> Result<Claimed, PortError> {
        let entry = &claim.entry;
        let stored = self.row(entry.action).await?;
        if let (Some(answer), Some(row)) = (&*tried, &stored)
            && row.token == token
        {
            return Ok(answer.clone());
        }
        let mut counters = match entry.capped_on {
            Some(_) => self.counters(entry.person).await?,
            None => Counters::default(),
        };
        let (answer, write) = claim.admit(stored.as_ref().map(|row| &row.entry), &mut counters.sends);
        let Some(write) = write else { return Ok(answer) };
        let change = write.counts().then(|| counters.change(write.at));
        *tried = Some(answer.clone());
        self.write(Put::new(&write, token, stored.as_ref()), change).await?;
        Ok(answer)
    }

    /// Settles one entry. What became of a message is known to the caller alone, and a claim that nobody settles
    /// becomes unknown: here too, an attempt that finds the table out of reach is not the last.
    async fn settle_one(&self, outcome: &LedgerEntry) -> Result<(), PortError> {
        let token = random(WHAT)?;
        let (mut first, mut lost) = (None, PortError::Conflict { what: WHAT });
        for attempt in 0..ATTEMPTS {
            match self.try_settle(outcome, token, &mut first).await {
                Err(error @ (PortError::Conflict { .. } | PortError::Unavailable { .. })) => lost = error,
                answer => return answer,
            }
            back_off(attempt).await;
        }
        Err(lost)
    }

    /// One attempt to settle; `first` is the token that the first one read.
    async fn try_settle(
        &self,
        outcome: &LedgerEntry,
        token: Token,
        first: &mut Option<Token>,
    ) -> Result<(), PortError> {
        let Some(row) = self.row(outcome.action).await? else { return Ok(()) };
        // It was settled as held meanwhile, and somebody claimed it anew: that claim is theirs to settle.
        if *first.get_or_insert(row.token) != row.token && row.entry.state == LedgerState::Claimed {
            return Ok(());
        }
        let Some(Settlement { entry, gives_back }) = row.entry.settled_by(outcome) else { return Ok(()) };
        let change = if gives_back { self.give_back(&row.entry).await? } else { None };
        self.write(Put::new(&entry, token, Some(&row)), change).await
    }

    /// One message less; nothing where it is forgotten by now.
    async fn give_back(&self, entry: &LedgerEntry) -> Result<Option<Change>, PortError> {
        let mut counters = self.counters(entry.person).await?;
        Ok(counters.sends.give_back(entry).then(|| counters.change(entry.at)))
    }

    async fn counters(&self, person: Key) -> Result<Counters, PortError> {
        Counters::read(&self.client, &self.caps, person).await
    }

    async fn row(&self, action: Key) -> Result<Option<Row>, PortError> {
        let get =
            self.client.get_item().table_name(&self.table).set_key(Some(key(action))).consistent_read(true);
        let found = get.send().await.map_err(|error| failure(WHAT, error))?;
        found.item.as_ref().map(Row::read).transpose()
    }
}

/// The places of each person's, in order: one person's follow each other.
fn by_person(people: impl Iterator<Item = Key>) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (place, person) in people.enumerate() {
        places.entry(person).or_default().push(place);
    }
    places.into_values().collect()
}
