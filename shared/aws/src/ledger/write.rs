//! An entry and the row of its person's messages, written together.

use super::LedgerTable;
use super::counters::Change;
use super::rows::{Put, WHAT};
use crate::conditional::done;
use crate::failure::failure;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{self, TransactWriteItem};
use event::PortError;

impl LedgerTable {
    /// Writes an entry, and the row of its person's messages with it in one step.
    ///
    /// # Errors
    /// `Conflict` and `Unavailable` where another attempt, from reading on, may go through.
    pub(super) async fn write(&self, put: Put, change: Option<Change>) -> Result<(), PortError> {
        let Some(change) = change else {
            let call = self.client.put_item().table_name(&self.table).set_item(Some(put.item));
            let call = call.condition_expression(put.condition);
            let call =
                call.set_expression_attribute_names(put.names).set_expression_attribute_values(put.values);
            return match done(WHAT, call.send().await)? {
                true => Ok(()),
                false => Err(PortError::Conflict { what: WHAT }),
            };
        };
        let entry = types::Put::builder().table_name(&self.table).set_item(Some(put.item));
        let entry = entry.condition_expression(put.condition);
        let entry =
            entry.set_expression_attribute_names(put.names).set_expression_attribute_values(put.values);
        let entry = entry.build().expect("table and item are set");
        let puts = [entry, change.put(&self.caps)].map(|put| TransactWriteItem::builder().put(put).build());
        match self.client.transact_write_items().set_transact_items(Some(puts.into())).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.as_service_error().map(lost) {
                Some(Some(lost)) => lost,
                _ => failure(WHAT, error),
            }),
        }
    }
}

/// What a transaction was cancelled for, where another attempt may go through.
pub(super) fn lost(error: &TransactWriteItemsError) -> Option<PortError> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { return None };
    let codes = || cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    if let Some(code) =
        codes().find(|code| matches!(*code, "ThrottlingError" | "ProvisionedThroughputExceeded"))
    {
        return Some(PortError::Unavailable { what: WHAT, reason: code.to_owned() });
    }
    codes()
        .any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
        .then_some(PortError::Conflict { what: WHAT })
}
