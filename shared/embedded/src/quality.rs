//! Counts of what left no event behind: a row an hour, source and measure.

use crate::store::Store;
use event::{Measure, PortError, QualityCount, QualityLog, QualitySource};
use redb::{ReadableTable, TableDefinition};

/// Hour (big-endian, its sign turned, so that hours are in order), measure, a zero byte, source → count.
pub(crate) const QUALITY: TableDefinition<&[u8], u64> = TableDefinition::new("quality");

/// Rows of one hour; what would be more is counted for all other sources together.
const MAX_ROWS: usize = 1_000;
const OTHERS: &str = "(others)";

impl Store {
    /// Adds to the counts, as part of the batch that is under way.
    pub fn add_quality(&self, counts: &[QualityCount]) -> Result<(), PortError> {
        if counts.is_empty() {
            return Ok(());
        }
        self.within(|transaction| {
            let mut table = transaction.open_table(QUALITY)?;
            for count in counts {
                let mut row = key(count.hour, count.measure, &count.source);
                let mut before = table.get(row.as_slice())?.map(|before| before.value());
                let hour = hour_key(count.hour);
                if before.is_none()
                    && table.range(hour.as_slice()..hour_key(count.hour + 1).as_slice())?.count() >= MAX_ROWS
                {
                    row = key(count.hour, count.measure, OTHERS);
                    before = table.get(row.as_slice())?.map(|before| before.value());
                }
                table.insert(row.as_slice(), before.unwrap_or(0).saturating_add(count.count))?;
            }
            Ok(())
        })
    }
}

impl QualityLog for Store {
    async fn add(&self, counts: &[QualityCount]) -> Result<(), PortError> {
        self.add_quality(counts)
    }
}

impl QualitySource for Store {
    async fn between(&self, from: i64, to: i64) -> Result<Vec<QualityCount>, PortError> {
        self.within(|transaction| {
            let table = transaction.open_table(QUALITY)?;
            let mut counts = Vec::new();
            for row in table.range(hour_key(from).as_slice()..hour_key(to.saturating_add(1)).as_slice())? {
                let (row, count) = row?;
                // A measure of a later release is passed over.
                counts.extend(read(row.value(), count.value()));
            }
            counts.sort();
            Ok(counts)
        })
    }
}

fn hour_key(hour: i64) -> [u8; 8] {
    (hour as u64 ^ (1 << 63)).to_be_bytes()
}

fn key(hour: i64, measure: Measure, source: &str) -> Vec<u8> {
    let mut key = hour_key(hour).to_vec();
    key.extend_from_slice(measure.name().as_bytes());
    key.push(0);
    key.extend_from_slice(source.as_bytes());
    key
}

fn read(key: &[u8], count: u64) -> Option<QualityCount> {
    let (hour, rest) = key.split_first_chunk()?;
    let (measure, source) = std::str::from_utf8(rest).ok()?.split_once('\0')?;
    let hour = (u64::from_be_bytes(*hour) ^ (1 << 63)) as i64;
    Some(QualityCount { hour, source: source.to_owned(), measure: Measure::parse(measure)?, count })
}
