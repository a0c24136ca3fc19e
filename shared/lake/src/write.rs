//! Building one file of events.

use crate::buffer::{ByteBuffer, LongBuffer};
use crate::column::{Key, Long, Text};
use crate::schema;
use crate::{LakeError, LakeFile, event_path};
use event::{Currency, Event, names};
use parquet::column::writer::ColumnWriter;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt::Write;

/// A file of events in the making: rows are buffered by column, and encoded as one row group by
/// [`EventFile::finish`], after which the next file may be begun in the same buffers.
pub struct EventFile {
    day: i32,
    shard: String,
    first_sequence: i64,
    rows: u32,
    bytes: usize,
    longs: [LongBuffer; Long::ALL.len()],
    keys: [ByteBuffer; Key::ALL.len()],
    texts: [ByteBuffer; Text::ALL.len()],
    other: String,
    schema: TypePtr,
    properties: WriterPropertiesPtr,
}

impl EventFile {
    /// A file of the events that the bus took on one UTC day (days since 1970-01-01). `shard` names the
    /// part of the bus they came from; letters, digits and `-` only.
    pub fn new(day: i32, shard: &str) -> EventFile {
        EventFile {
            day,
            shard: shard.to_owned(),
            first_sequence: 0,
            rows: 0,
            bytes: 0,
            longs: Default::default(),
            keys: Default::default(),
            texts: std::array::from_fn(|_| ByteBuffer::default()),
            other: String::new(),
            schema: schema::schema().expect("the schema is fixed and valid"),
            properties: schema::properties(),
        }
    }

    /// How many events are in it.
    pub fn len(&self) -> usize {
        self.rows as usize
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// About how many bytes its buffers hold.
    pub fn approx_bytes(&self) -> usize {
        self.bytes
    }

    /// Begins another file, of that day, in the emptied buffers.
    pub fn begin(&mut self, day: i32) {
        debug_assert!(self.is_empty(), "finish a file before the next is begun");
        self.day = day;
    }

    /// Appends an event that the bus took at `appended_at` (UTC ms) as number `sequence` of its shard.
    pub fn push(&mut self, sequence: i64, appended_at: i64, event: &Event<'_>) {
        if self.rows == 0 {
            self.first_sequence = sequence;
        }
        let facts = &event.facts;
        self.long(Long::Sequence, Some(sequence));
        self.long(Long::AppendedAt, Some(appended_at));
        self.long(Long::HappenedAt, Some(event.happened_at));
        self.long(Long::ReceivedAt, Some(event.received_at));
        self.long(Long::AmountMinor, facts.amount);
        self.long(Long::Quantity, (facts.quantity > 0).then_some(i64::from(facts.quantity)));
        self.identifiers(event);

        let context = &event.context;
        self.text(Text::TimeMark, event.time_mark.as_str());
        self.text(Text::Type, event.kind.as_str());
        self.text(Text::Name, &event.name);
        self.text(Text::MessageId, &event.message_id);
        self.text(Text::Source, &event.source);
        self.filled(Text::Properties, &event.properties);
        self.filled(Text::Traits, &event.traits);
        self.optional(Text::UserId, &event.user_id);
        self.optional(Text::ProductId, &facts.product_id);
        self.optional(Text::Category, &facts.category);
        self.optional(Text::Brand, &facts.brand);
        self.optional(Text::OrderId, &facts.order_id);
        self.filled(Text::Currency, facts.currency.as_ref().map_or("", Currency::as_str));
        self.optional(Text::Url, &context.url);
        self.optional(Text::Title, &context.title);
        self.optional(Text::Referrer, &context.referrer);
        self.optional(Text::UserAgent, &context.user_agent);
        self.optional(Text::Locale, &context.locale);
        self.optional(Text::Timezone, &context.timezone);
        self.optional(Text::Consent, &context.consent);
        self.optional(Text::ContextRest, &context.rest);
        if let Some(campaign) = &context.campaign {
            self.optional(Text::UtmSource, &campaign.source);
            self.optional(Text::UtmMedium, &campaign.medium);
            self.optional(Text::UtmCampaign, &campaign.name);
            self.optional(Text::UtmTerm, &campaign.term);
            self.optional(Text::UtmContent, &campaign.content);
        }
        if let Some(device) = &context.device {
            self.optional(Text::DeviceModel, &device.model);
            self.optional(Text::DeviceType, &device.kind);
            self.optional(Text::Os, &device.os);
            self.optional(Text::AppVersion, &device.app_version);
        }
        if matches!(event.name.as_ref(), names::MESSAGE_SENT | names::MESSAGE_REFUSED) {
            self.message(&event.properties);
        }
        if let Some(marks) = &event.marks {
            self.filled(Text::PlanViolations, &marks.violations_text());
            self.filled(Text::Vaulted, &marks.vaulted_text());
        }
        self.rows += 1;
    }

    /// Encodes what was pushed as a whole Parquet file, and empties the buffers.
    pub fn finish(&mut self) -> std::result::Result<LakeFile, LakeError> {
        let path = event_path(self.day, &self.shard, self.first_sequence);
        match self.encode() {
            Ok(bytes) => Ok(LakeFile { path, bytes }),
            Err(error) => Err(LakeError::Encode { file: path, reason: error.to_string() }),
        }
    }

    fn encode(&mut self) -> Result<Vec<u8>> {
        let out = Vec::with_capacity(self.bytes / 3 + 4096);
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let mut file = SerializedFileWriter::new(out, self.schema.clone(), self.properties.clone())?;
        let mut group = file.next_row_group()?;
        let (mut longs, mut keys, mut texts) = (0, 0, 0);
        while let Some(mut writer) = group.next_column()? {
            match writer.untyped() {
                ColumnWriter::Int64ColumnWriter(writer) => {
                    self.longs[longs].write(writer, rows, Long::ALL[longs].is_required())?;
                    longs += 1;
                }
                ColumnWriter::FixedLenByteArrayColumnWriter(writer) => {
                    self.keys[keys].write_keys(writer, rows)?;
                    keys += 1;
                }
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    self.texts[texts].write_texts(writer, rows, Text::ALL[texts].is_required())?;
                    texts += 1;
                }
                _ => return Err(ParquetError::General("the schema has a column of another type".into())),
            }
            writer.close()?;
        }
        group.close()?;
        file.into_inner()
    }

    fn identifiers(&mut self, event: &Event<'_>) {
        let mut seen = [false; Key::ALL.len()];
        self.other.clear();
        for identifier in event.identifiers.iter() {
            match Key::of(identifier.kind) {
                Some(key) if !seen[key as usize] => {
                    seen[key as usize] = true;
                    self.keys[key as usize].push(self.rows, &identifier.key.0);
                    self.bytes += 28;
                }
                _ => {
                    let space = if self.other.is_empty() { "" } else { " " };
                    let _ = write!(self.other, "{space}{}:{}", identifier.kind.as_str(), identifier.key);
                }
            }
        }
        if !self.other.is_empty() {
            let other = std::mem::take(&mut self.other);
            self.text(Text::OtherIdentities, &other);
            self.other = other;
        }
    }

    /// The part of a message's properties that reports count by.
    fn message(&mut self, properties: &str) {
        let message: Message<'_> = serde_json::from_str(properties).unwrap_or_default();
        self.optional(Text::MessageCampaign, &message.campaign);
        self.optional(Text::MessageReason, &message.reason);
    }

    #[inline]
    fn long(&mut self, column: Long, value: Option<i64>) {
        if let Some(value) = value {
            self.longs[column as usize].push(self.rows, value);
            self.bytes += 12;
        }
    }

    #[inline]
    fn text(&mut self, column: Text, value: &str) {
        self.texts[column as usize].push(self.rows, value.as_bytes());
        self.bytes += value.len() + 12;
    }

    #[inline]
    fn filled(&mut self, column: Text, value: &str) {
        if !value.is_empty() {
            self.text(column, value);
        }
    }

    #[inline]
    fn optional(&mut self, column: Text, value: &Option<Cow<'_, str>>) {
        if let Some(value) = value {
            self.text(column, value);
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    campaign: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
}
