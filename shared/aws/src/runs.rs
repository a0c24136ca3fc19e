//! How far run-campaigns has come, in a table.

use crate::Aws;
use crate::conditional::done;
use crate::failure::failure;
use crate::item::{binary, bytes_of, number, number_of};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use campaign::{RunStore, Stored};
use event::PortError;

const WHAT: &str = "the table of runs";
/// The partition key.
const NAME: &str = "name";
const VERSION: &str = "version";
const ROW: &str = "row";

/// Rows in a DynamoDB table with the key `name` (string): `name`, `version`, `row`.
///
/// A write whose answer was lost and that is repeated fails its own condition; the next run goes on from what it wrote.
pub struct RunTable {
    client: Client,
    table: String,
}

impl RunTable {
    pub fn new(aws: &Aws, table: impl Into<String>) -> RunTable {
        RunTable { client: aws.dynamodb(), table: table.into() }
    }
}

impl RunStore for RunTable {
    async fn load(&self, name: &str) -> Result<Option<Stored>, PortError> {
        let call = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = call.key(NAME, AttributeValue::S(name.to_owned())).send().await;
        let Some(item) = answer.map_err(|error| failure(WHAT, error))?.item else { return Ok(None) };
        let version = number_of(&item, VERSION);
        let version = version
            .ok_or_else(|| PortError::Failed { what: WHAT, reason: format!("`{name}` has no version") })?;
        Ok(Some(Stored { version, blob: bytes_of(&item, ROW).unwrap_or_default().into() }))
    }

    async fn write(&self, name: &str, version: u64, row: &[u8]) -> Result<bool, PortError> {
        let mut call = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(NAME, AttributeValue::S(name.to_owned()))
            .item(VERSION, number(version + 1))
            .item(ROW, binary(row));
        call = if version == 0 {
            call.condition_expression("attribute_not_exists(#key)").expression_attribute_names("#key", NAME)
        } else {
            call.condition_expression("#version = :version")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":version", number(version))
        };
        done(WHAT, call.send().await)
    }
}
