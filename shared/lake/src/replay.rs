//! Events out of the lake, as they went in.

use crate::LakeError;
use crate::column::{Key, Long, Text};
use crate::rows::Rows;
use crate::scan::{Columns, scan};
use event::{
    Campaign, Context, Currency, Device, Event, EventType, Facts, Identifier, IdentifierKind, Identifiers,
    Marks, MessageHash, TimeMark,
};
use parquet::file::reader::ChunkReader;
use std::borrow::Cow;

/// An event and where it stood on the bus.
#[derive(Debug, Clone, PartialEq)]
pub struct Archived<'a> {
    pub sequence: i64,
    /// UTC ms.
    pub appended_at: i64,
    pub event: Event<'a>,
}

/// Gives all events of a file to `visit`, in their order. `path` names the file in errors.
pub fn replay<R: ChunkReader + 'static>(
    path: &str,
    file: R,
    mut visit: impl FnMut(Archived<'_>),
) -> Result<(), LakeError> {
    let columns = Columns { longs: &Long::ALL, keys: &Key::ALL, texts: &Text::ALL };
    let mut bad_row = None;
    scan(path, file, columns, |rows| {
        for row in 0..rows.len() {
            match archived(rows, row) {
                Some(archived) => visit(archived),
                None => bad_row = bad_row.or(Some(row)),
            }
        }
    })?;
    match bad_row {
        None => Ok(()),
        Some(_) => Err(LakeError::Damaged {
            file: path.to_owned(),
            reason: "a row lacks its message id, type, name or times, or names a type that is none".into(),
        }),
    }
}

fn archived(rows: &Rows, row: usize) -> Option<Archived<'_>> {
    let long = |column| rows.long(column).get(row);
    let text = |column| rows.text(column).get(row);
    let cow = |column| text(column).map(Cow::Borrowed);
    let message_id = text(Text::MessageId)?;
    let properties = text(Text::Properties).unwrap_or_default();
    let campaign = Campaign {
        source: cow(Text::UtmSource),
        medium: cow(Text::UtmMedium),
        name: cow(Text::UtmCampaign),
        term: cow(Text::UtmTerm),
        content: cow(Text::UtmContent),
    };
    let device = Device {
        model: cow(Text::DeviceModel),
        kind: cow(Text::DeviceType),
        os: cow(Text::Os),
        app_version: cow(Text::AppVersion),
    };
    let event = Event {
        message_id: Cow::Borrowed(message_id),
        hash: MessageHash::of(message_id),
        kind: EventType::parse(text(Text::Type)?)?,
        name: cow(Text::Name)?,
        happened_at: long(Long::HappenedAt)?,
        received_at: long(Long::ReceivedAt)?,
        time_mark: time_mark(text(Text::TimeMark)?),
        identifiers: identifiers(rows, row),
        user_id: cow(Text::UserId),
        properties: Cow::Borrowed(properties),
        traits: Cow::Borrowed(text(Text::Traits).unwrap_or_default()),
        context: Context {
            url: cow(Text::Url),
            title: cow(Text::Title),
            referrer: cow(Text::Referrer),
            user_agent: cow(Text::UserAgent),
            locale: cow(Text::Locale),
            timezone: cow(Text::Timezone),
            campaign: (campaign != Campaign::default()).then(|| Box::new(campaign)),
            device: (device != Device::default()).then(|| Box::new(device)),
            consent: cow(Text::Consent),
            rest: cow(Text::ContextRest),
        },
        facts: Facts::of(properties, text(Text::Currency).and_then(Currency::parse)),
        source: cow(Text::Source)?,
        marks: Marks::of_texts(
            text(Text::PlanViolations).unwrap_or_default(),
            text(Text::Vaulted).unwrap_or_default(),
        ),
    };
    Some(Archived { sequence: long(Long::Sequence)?, appended_at: long(Long::AppendedAt)?, event })
}

fn identifiers(rows: &Rows, row: usize) -> Identifiers {
    let mut identifiers = Identifiers::default();
    for column in Key::ALL {
        if let Some(key) = rows.key(column).get(row) {
            identifiers.insert(Identifier { kind: column.kind(), key });
        }
    }
    other_identities(rows.text(Text::OtherIdentities).get(row).unwrap_or_default())
        .for_each(|identifier| identifiers.insert(identifier));
    identifiers
}

/// The identifiers written in the column [`Text::OtherIdentities`]; a kind of a later release is passed
/// over.
pub fn other_identities(text: &str) -> impl Iterator<Item = Identifier> {
    text.split(' ').filter_map(|item| {
        let (kind, key) = item.split_once(':')?;
        Some(Identifier { kind: IdentifierKind::parse(kind)?, key: event::Key::parse(key)? })
    })
}

fn time_mark(text: &str) -> TimeMark {
    [TimeMark::Missing, TimeMark::Future].into_iter().find(|mark| mark.as_str() == text).unwrap_or_default()
}
