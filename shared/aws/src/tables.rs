//! The tables, for an endpoint that has none yet: a deployment's come from its template.

use crate::connection::Aws;
use crate::failure::failure;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
    TimeToLiveStatus,
};
use event::PortError;
use std::time::Duration;

const WHAT: &str = "the tables";
/// How long a table may take until it can be used.
const PATIENCE: Duration = Duration::from_secs(120);
/// The attribute after whose time (UTC seconds) DynamoDB deletes an item, in the tables that have one.
const EXPIRES: &str = "expires";

/// The names of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    pub profiles: String,
    pub journeys: String,
    pub timers: String,
    pub held: String,
    pub ledger: String,
    pub caps: String,
    pub vault: String,
    pub quality: String,
    pub runs: String,
}

impl Tables {
    /// `<prefix>-profiles`, `<prefix>-journeys`, …
    pub fn named(prefix: &str) -> Tables {
        let name = |table: &str| format!("{prefix}-{table}");
        Tables {
            profiles: name("profiles"),
            journeys: name("journeys"),
            timers: name("timers"),
            held: name("held"),
            ledger: name("ledger"),
            caps: name("caps"),
            vault: name("vault"),
            quality: name("quality"),
            runs: name("runs"),
        }
    }
}

/// Creates the tables that the adapters of this crate work on, named by [`Tables::named`] and billed by request,
/// and waits until they can be used. Those that are there already stay as they are. For tests and for development on a
/// local endpoint.
///
/// # Errors
/// An endpoint that does not answer, or refuses.
pub async fn create_tables(aws: &Aws, prefix: &str) -> Result<Tables, PortError> {
    use ScalarAttributeType::{B, N, S};
    let tables = Tables::named(prefix);
    let client = aws.dynamodb();
    let table = |name: &str, keys: &[Attribute]| {
        let call = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        call.set_key_schema(Some(schema(keys)))
            .set_attribute_definitions(Some(keys.iter().map(defined).collect()))
    };
    let changes =
        StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage);
    let changes = built(changes.build())?;
    create(&client, table(&tables.profiles, &[("person", B)]).stream_specification(changes)).await?;
    create(&client, table(&tables.journeys, &[("person", B)])).await?;
    create(&client, table(&tables.timers, &[("shard", N), ("due", B)])).await?;
    create(&client, table(&tables.held, &[("shard", N), ("until", B)])).await?;
    let open = [("pending", N), ("claimed", N)];
    let ledger =
        table(&tables.ledger, &[("action", B)]).global_secondary_indexes(index("claimed-index", &open)?);
    let ledger =
        open.iter().fold(ledger, |ledger, attribute| ledger.attribute_definitions(defined(attribute)));
    create(&client, ledger).await?;
    create(&client, table(&tables.caps, &[("person", B), ("day", S)])).await?;
    create(&client, table(&tables.vault, &[("identifier", B), ("field", S)])).await?;
    create(&client, table(&tables.quality, &[("day", S), ("row", S)])).await?;
    create(&client, table(&tables.runs, &[("name", S)])).await?;
    for table in [&tables.timers, &tables.ledger, &tables.caps, &tables.quality] {
        expire(&client, table).await?;
    }
    Ok(tables)
}

type Attribute = (&'static str, ScalarAttributeType);

/// The partition key, and then the sort key if there is one.
fn schema(keys: &[Attribute]) -> Vec<KeySchemaElement> {
    let element = |((name, _), key_type): (&Attribute, KeyType)| {
        KeySchemaElement::builder().attribute_name(*name).key_type(key_type).build().expect("both are set")
    };
    keys.iter().zip([KeyType::Hash, KeyType::Range]).map(element).collect()
}

fn defined((name, scalar): &Attribute) -> AttributeDefinition {
    let attribute = AttributeDefinition::builder().attribute_name(*name).attribute_type(scalar.clone());
    attribute.build().expect("both are set")
}

/// An index that holds nothing but the keys, and only items that have all of them.
fn index(name: &str, keys: &[Attribute]) -> Result<GlobalSecondaryIndex, PortError> {
    let projection = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let index = GlobalSecondaryIndex::builder().index_name(name).set_key_schema(Some(schema(keys)));
    built(index.projection(projection).build())
}

async fn create(client: &Client, call: CreateTableFluentBuilder) -> Result<(), PortError> {
    let name = call.get_table_name().clone().unwrap_or_default();
    match call.send().await {
        // It may be of this very call, whose first answer was lost.
        Err(error) if error.code() == Some("ResourceInUseException") => {}
        answer => drop(answer.map_err(|error| failure(WHAT, error))?),
    }
    let wait = client.wait_until_table_exists().table_name(&name).wait(PATIENCE).await;
    wait.map(drop).map_err(|error| PortError::Unavailable { what: WHAT, reason: format!("{name}: {error}") })
}

/// Lets items expire. It can't be asked for twice.
async fn expire(client: &Client, table: &str) -> Result<(), PortError> {
    let described = client.describe_time_to_live().table_name(table).send().await;
    let described = described.map_err(|error| failure(WHAT, error))?.time_to_live_description;
    use TimeToLiveStatus::{Enabled, Enabling};
    if matches!(described.and_then(|expiry| expiry.time_to_live_status), Some(Enabled | Enabling)) {
        return Ok(());
    }
    let expiry = TimeToLiveSpecification::builder().enabled(true).attribute_name(EXPIRES);
    let call =
        client.update_time_to_live().table_name(table).time_to_live_specification(built(expiry.build())?);
    call.send().await.map(drop).map_err(|error| failure(WHAT, error))
}

fn built<T, E: std::fmt::Display>(built: Result<T, E>) -> Result<T, PortError> {
    built.map_err(|error| PortError::Failed { what: WHAT, reason: error.to_string() })
}
