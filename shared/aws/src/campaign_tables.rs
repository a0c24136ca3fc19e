//! All that campaigns keep of one person, over their tables: found, and removed.

use crate::batch_get::{Consistency, batch_get};
use crate::batch_write::{batch_write, delete};
use crate::failure::failure;
use crate::item::{Item, binary, bytes_of, key_of};
use crate::{Aws, HeldTable, JourneyTable, LedgerTable};
use aws_sdk_dynamodb::Client;
use campaign::{CampaignErasure, CampaignsErased, Held, HeldStore, LedgerEntry};
use event::{Key, PortError};
use lambda::variables::*;
use lambda::{Environment, EnvironmentError};

const WHAT: &str = "the tables of campaigns";

/// The tables of journeys, timers, held actions, the ledger and the caps, for who may delete in them. Those that are not
/// kept by person are read whole: a person's erasure may cost some cents.
pub struct CampaignTables {
    client: Client,
    held: HeldTable,
    ledger: LedgerTable,
    names: CampaignTableNames,
}

/// The names of the tables.
#[derive(Debug, Clone)]
pub struct CampaignTableNames {
    pub journeys: String,
    pub timers: String,
    pub held: String,
    pub ledger: String,
    pub caps: String,
}

impl CampaignTables {
    /// Those that the environment names, and the journeys among them by themselves.
    ///
    /// # Errors
    /// A variable that is missing.
    pub fn of(aws: &Aws, settings: &Environment) -> Result<(JourneyTable, CampaignTables), EnvironmentError> {
        let names = CampaignTableNames {
            journeys: settings.required(JOURNEYS_TABLE)?,
            timers: settings.required(TIMERS_TABLE)?,
            held: settings.required(HELD_TABLE)?,
            ledger: settings.required(LEDGER_TABLE)?,
            caps: settings.required(CAPS_TABLE)?,
        };
        let journeys = JourneyTable::new(aws, names.journeys.clone(), names.timers.clone());
        Ok((journeys, CampaignTables::new(aws, names)))
    }

    pub fn new(aws: &Aws, names: CampaignTableNames) -> CampaignTables {
        CampaignTables {
            client: aws.dynamodb(),
            held: HeldTable::new(aws, &names.held),
            ledger: LedgerTable::new(aws, &names.ledger, &names.caps),
            names,
        }
    }

    /// Every row of a table, its key attributes only.
    async fn keys(&self, table: &str, keys: [&str; 2]) -> Result<Vec<Item>, PortError> {
        let scan = self
            .client
            .scan()
            .table_name(table)
            .consistent_read(true)
            .projection_expression("#a, #b")
            .expression_attribute_names("#a", keys[0])
            .expression_attribute_names("#b", keys[1]);
        let mut pages = scan.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            found.extend(page.map_err(|error| failure(WHAT, error))?.items.unwrap_or_default());
        }
        Ok(found)
    }

    async fn remove(&self, table: &str, keys: Vec<Item>) -> Result<u64, PortError> {
        let count = keys.len() as u64;
        batch_write(&self.client, WHAT, table, keys.into_iter().map(delete).collect()).await?;
        Ok(count)
    }

    async fn erase_journeys(&self, people: &[Key]) -> Result<u64, PortError> {
        let people = people.iter().copied();
        let found =
            batch_get(&self.client, WHAT, &self.names.journeys, "person", Consistency::Strong, people)
                .await?;
        let keys = found.into_keys().map(|person| key("person", person)).collect();
        self.remove(&self.names.journeys, keys).await
    }

    async fn erase_timers(&self, people: &[Key]) -> Result<u64, PortError> {
        let mut timers = self.keys(&self.names.timers, ["shard", "due"]).await?;
        // The sort key ends with the person.
        timers.retain(|timer| {
            let person = bytes_of(timer, "due").and_then(|due| due.last_chunk::<16>());
            person.is_some_and(|person| people.contains(&Key(*person)))
        });
        self.remove(&self.names.timers, timers).await
    }

    async fn erase_caps(&self, people: &[Key]) -> Result<u64, PortError> {
        let mut caps = self.keys(&self.names.caps, ["person", "day"]).await?;
        caps.retain(|cap| key_of(cap, "person").is_some_and(|person| people.contains(&person)));
        self.remove(&self.names.caps, caps).await
    }
}

impl CampaignErasure for CampaignTables {
    async fn waiting(&self, people: &[Key]) -> Result<Vec<Held>, PortError> {
        let mut held = self.held.due(i64::MAX, usize::MAX).await?;
        held.retain(|held| people.contains(&held.action.person));
        Ok(held)
    }

    async fn entries(&self, people: &[Key]) -> Result<Vec<LedgerEntry>, PortError> {
        let mut entries = Vec::new();
        self.ledger
            .each_entry(|entry| {
                if people.contains(&entry.person) {
                    entries.push(entry);
                }
            })
            .await?;
        entries.sort_by_key(|entry| (entry.at, entry.action));
        Ok(entries)
    }

    async fn erase_campaigns(&self, people: &[Key]) -> Result<CampaignsErased, PortError> {
        let held = self.waiting(people).await?;
        HeldStore::remove(&self.held, &held).await?;
        let entries = self.entries(people).await?;
        let actions = entries.iter().map(|entry| key("action", entry.action)).collect();
        Ok(CampaignsErased {
            journeys: self.erase_journeys(people).await?,
            timers: self.erase_timers(people).await?,
            actions: held.len() as u64,
            ledger: self.remove(&self.names.ledger, actions).await?,
            caps: self.erase_caps(people).await?,
        })
    }
}

fn key(name: &str, key: Key) -> Item {
    Item::from([(name.to_owned(), binary(key.0))])
}
