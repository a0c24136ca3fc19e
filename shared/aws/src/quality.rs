//! Counts of what left no event behind, in a table.

use crate::Aws;
use crate::failure::failure;
use crate::item::{Item, number, number_of};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use event::{
    Measure, PortError, QualityCount, QualityLog, QualitySource, Quarantine, QuarantineStore, Quarantined,
    iso_date,
};
use futures_util::{StreamExt, TryStreamExt, stream};

const WHAT: &str = "the quality counts";
/// The partition key: the UTC day, as `2026-11-22`.
const DAY: &str = "day";
/// The sort key: `<hour since 1970-01-01>#<measure>#<source>`.
const ROW: &str = "row";
const COUNT: &str = "count";
/// How long counts are kept after their hour, in seconds: 90 days.
const KEPT_S: i64 = 90 * 24 * 3_600;
const HOUR_S: i64 = 3_600;
/// Longest source that is kept, in bytes: a sort key may have 1,024.
const MAX_SOURCE: usize = 512;
/// How many calls are under way at once.
const CALLS: usize = 8;

/// The counts in a DynamoDB table with the keys `day` and `row` (strings). One write a source, reason and batch; nothing
/// where nothing was refused. A write whose answer was lost and that is repeated counts twice: these are measures, and no
/// books.
pub struct QualityTable {
    client: Client,
    table: String,
}

impl QualityTable {
    pub fn new(aws: &Aws, table: impl Into<String>) -> QualityTable {
        QualityTable { client: aws.dynamodb(), table: table.into() }
    }

    async fn add_one(&self, count: &QualityCount) -> Result<(), PortError> {
        let source = &count.source[..count.source.floor_char_boundary(MAX_SOURCE)];
        let row = format!("{:08}#{}#{source}", count.hour.max(0), count.measure.name());
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(DAY, day_of(count.hour))
            .key(ROW, AttributeValue::S(row))
            .update_expression("ADD #count :count SET #expires = :expires")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_values(":count", number(count.count))
            .expression_attribute_values(":expires", number(count.hour.max(0) * HOUR_S + KEPT_S));
        call.send().await.map(drop).map_err(|error| failure(WHAT, error))
    }
}

impl QualityLog for QualityTable {
    async fn add(&self, counts: &[QualityCount]) -> Result<(), PortError> {
        stream::iter(counts.iter().map(|count| self.add_one(count)))
            .buffer_unordered(CALLS)
            .try_collect()
            .await
    }
}

impl QualitySource for QualityTable {
    async fn between(&self, from: i64, to: i64) -> Result<Vec<QualityCount>, PortError> {
        let mut counts = Vec::new();
        for day in from.div_euclid(24)..=to.div_euclid(24) {
            let call = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#day = :day")
                .expression_attribute_names("#day", DAY)
                .expression_attribute_values(":day", day_of(day * 24));
            let mut rows = call.into_paginator().items().send();
            while let Some(row) = rows.next().await {
                let row = row.map_err(|error| failure(WHAT, error))?;
                // A measure of a later release is passed over.
                counts.extend(read(&row).filter(|count| (from..=to).contains(&count.hour)));
            }
        }
        counts.sort();
        Ok(counts)
    }
}

/// A quarantine whose records are counted as they are put in.
pub struct CountedQuarantine<Q> {
    quarantine: Q,
    counts: Option<QualityTable>,
}

impl<Q> CountedQuarantine<Q> {
    /// Counts nothing where there is no table.
    pub fn new(quarantine: Q, counts: Option<QualityTable>) -> CountedQuarantine<Q> {
        CountedQuarantine { quarantine, counts }
    }
}

impl<Q: Quarantine> Quarantine for CountedQuarantine<Q> {
    /// A record is safe once it is in the quarantine; a count that fails is told and fails nothing.
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        self.quarantine.put(records).await?;
        if let Some(counts) = &self.counts
            && let Err(error) = counts.add(&QualityCount::of_refused(records)).await
        {
            tracing::warn!(%error, "refused records are in quarantine, but were not counted");
        }
        Ok(())
    }

    async fn count(&self, counts: &[QualityCount]) -> Result<(), PortError> {
        match &self.counts {
            Some(table) => table.add(counts).await,
            None => Ok(()),
        }
    }
}

impl<Q: QuarantineStore> QuarantineStore for CountedQuarantine<Q> {
    async fn each(&self, visit: impl FnMut(&str, Quarantined)) -> Result<(), PortError> {
        self.quarantine.each(visit).await
    }

    async fn find(&self, id: &str) -> Result<Option<Quarantined>, PortError> {
        self.quarantine.find(id).await
    }

    async fn remove(&self, ids: &[String]) -> Result<(), PortError> {
        self.quarantine.remove(ids).await
    }
}

fn day_of(hour: i64) -> AttributeValue {
    AttributeValue::S(iso_date(i32::try_from(hour.div_euclid(24)).unwrap_or_default()))
}

fn read(row: &Item) -> Option<QualityCount> {
    let mut parts = row.get(ROW)?.as_s().ok()?.splitn(3, '#');
    let (hour, measure, source) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    let measure = Measure::parse(measure)?;
    Some(QualityCount { hour, source: source.to_owned(), measure, count: number_of(row, COUNT)? })
}
