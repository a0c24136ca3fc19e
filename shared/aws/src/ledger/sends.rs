//! The rows of people who turned out to be one.

use super::ATTEMPTS;
use super::counters::Counters;
use super::write::lost;
use crate::Aws;
use crate::back_off::back_off;
use crate::failure::failure;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TransactWriteItem;
use campaign::SendsStore;
use event::{Key, PortError};

const WHAT: &str = "the messages that count against caps";

/// The table of the messages that count against caps, for who learns that two people are one. Both rows are written in one
/// transaction: what is claimed meanwhile is claimed anew, in the row that counts.
pub struct SendsTable {
    client: Client,
    table: String,
}

impl SendsTable {
    pub fn new(aws: &Aws, caps: impl Into<String>) -> SendsTable {
        SendsTable { client: aws.dynamodb(), table: caps.into() }
    }

    /// One attempt to join.
    async fn join(&self, merged: Key, into: Key) -> Result<(), PortError> {
        let theirs = Counters::read(&self.client, &self.table, merged).await?;
        if theirs.sends.is_empty() {
            return Ok(());
        }
        let mut own = Counters::read(&self.client, &self.table, into).await?;
        if own.person == theirs.person {
            return Ok(());
        }
        own.sends.join(&theirs.sends);
        let target = own.person;
        let puts = [own.change(0), theirs.moved_to(target)]
            .map(|change| TransactWriteItem::builder().put(change.put(&self.table)).build());
        match self.client.transact_write_items().set_transact_items(Some(puts.into())).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.as_service_error().map(lost) {
                Some(Some(lost)) => lost,
                _ => failure(WHAT, error),
            }),
        }
    }
}

impl SendsStore for SendsTable {
    /// In turn, since one may follow from another. An answer that was lost is no harm: a row that moved is empty.
    async fn join_sends(&self, merges: &[(Key, Key)]) -> Result<(), PortError> {
        for (merged, into) in merges {
            let mut joined = self.join(*merged, *into).await;
            for attempt in 0..ATTEMPTS {
                if !matches!(joined, Err(PortError::Conflict { .. } | PortError::Unavailable { .. })) {
                    break;
                }
                back_off(attempt).await;
                joined = self.join(*merged, *into).await;
            }
            joined?;
        }
        Ok(())
    }
}
