//! Conditional writes: done, or not done since a condition failed.

use super::WHAT;
use crate::back_off::back_off;
use crate::failure::failure;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Put, TransactWriteItem};
use event::PortError;

/// How often a transaction is tried that was cancelled in passing; the SDK repeats other throttled calls by itself.
const ATTEMPTS: u32 = 8;

/// Puts one item; false where its condition failed, or a transaction on it was under way.
pub(super) async fn put(client: &Client, put: Put) -> Result<bool, PortError> {
    let call = client
        .put_item()
        .table_name(put.table_name)
        .set_item(Some(put.item))
        .set_condition_expression(put.condition_expression)
        .set_expression_attribute_names(put.expression_attribute_names)
        .set_expression_attribute_values(put.expression_attribute_values);
    match call.send().await {
        Ok(_) => Ok(true),
        Err(error)
            if matches!(
                error.code(),
                Some("ConditionalCheckFailedException" | "TransactionConflictException")
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(failure(WHAT, error)),
    }
}

/// Writes all or nothing; false where a condition failed, or another transaction on one of the items was under way.
/// The SDK gives each call a request token, by which the service knows a repeat.
pub(super) async fn transact(client: &Client, actions: Vec<TransactWriteItem>) -> Result<bool, PortError> {
    let mut reasons = String::new();
    for attempt in 0..ATTEMPTS {
        let call = client.transact_write_items().set_transact_items(Some(actions.clone()));
        let error = match call.send().await {
            Ok(_) => return Ok(true),
            Err(error) => error,
        };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
        else {
            return Err(failure(WHAT, error));
        };
        match Cancelled::of(cancelled.cancellation_reasons()) {
            Cancelled::Conflict => return Ok(false),
            Cancelled::Passing => {}
            Cancelled::Other(codes) => {
                return Err(PortError::Failed {
                    what: WHAT,
                    reason: format!("a transaction was cancelled: {codes}"),
                });
            }
        }
        reasons = codes(cancelled.cancellation_reasons());
        back_off(attempt).await;
    }
    let reason = format!("a transaction was cancelled {ATTEMPTS} times: {reasons}");
    Err(PortError::Unavailable { what: WHAT, reason })
}

/// Why a transaction was cancelled.
#[derive(Debug, PartialEq, Eq)]
enum Cancelled {
    /// Somebody else wrote one of the items.
    Conflict,
    /// The table had no capacity for it.
    Passing,
    Other(String),
}

impl Cancelled {
    fn of(reasons: &[CancellationReason]) -> Cancelled {
        let any = |wanted: &[&str]| {
            reasons.iter().filter_map(CancellationReason::code).any(|code| wanted.contains(&code))
        };
        match () {
            () if any(&["ConditionalCheckFailed", "TransactionConflict"]) => Cancelled::Conflict,
            () if any(&["ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"]) => {
                Cancelled::Passing
            }
            () => Cancelled::Other(codes(reasons)),
        }
    }
}

/// The codes of the actions that were at fault. The messages stay away, since they may name values.
fn codes(reasons: &[CancellationReason]) -> String {
    let mut codes: Vec<&str> =
        reasons.iter().filter_map(CancellationReason::code).filter(|code| *code != "None").collect();
    codes.sort_unstable();
    codes.dedup();
    codes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_condition_outweighs_a_throttled_one() {
        let of = |codes: &[&str]| {
            let reason = |code: &&str| CancellationReason::builder().code(*code).build();
            Cancelled::of(&codes.iter().map(reason).collect::<Vec<_>>())
        };
        assert_eq!(of(&["None", "ConditionalCheckFailed"]), Cancelled::Conflict);
        assert_eq!(of(&["TransactionConflict", "None"]), Cancelled::Conflict);
        assert_eq!(of(&["ThrottlingError", "ConditionalCheckFailed"]), Cancelled::Conflict);
        assert_eq!(of(&["None", "ThrottlingError"]), Cancelled::Passing);
        assert_eq!(of(&["None", "ProvisionedThroughputExceeded"]), Cancelled::Passing);
        let other = Cancelled::Other("ItemCollectionSizeLimitExceeded, ValidationError".to_owned());
        assert_eq!(
            of(&["ValidationError", "None", "ItemCollectionSizeLimitExceeded", "ValidationError"]),
            other
        );
    }
}
