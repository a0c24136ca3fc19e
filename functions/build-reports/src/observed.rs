//! The second pass over the lake: what events look like, and how they come in.

use crate::shape::{Fields, Values};
use event::{EventType, HOUR, Violation, names};
use foldhash::HashMap;
use lake::{Columns, EVENTS, LakeError, LakeStore, Long, Rows, Text, scan};
use std::collections::BTreeMap;

/// Of files that are only counted.
const COUNTED: Columns<'static> = Columns {
    longs: &[Long::AppendedAt, Long::HappenedAt, Long::ReceivedAt],
    keys: &[],
    texts: &[Text::Name, Text::Type, Text::Source, Text::PlanViolations],
};
/// Of files whose events are looked into.
const LOOKED_INTO: Columns<'static> = Columns {
    longs: COUNTED.longs,
    keys: &[],
    texts: &[
        Text::Name,
        Text::Type,
        Text::Source,
        Text::PlanViolations,
        Text::TimeMark,
        Text::Properties,
        Text::Traits,
        Text::Vaulted,
    ],
};

/// How many events, sources of one event, and rules broken by one, are told apart.
const MAX_EVENTS: usize = 500;
const MAX_SOURCES: usize = 100;
const MAX_RULES: usize = 100;
/// What stands for the rest.
pub(crate) const OTHERS: &str = "(others)";
/// Hours that are counted one by one: a week.
pub(crate) const HOURS: i64 = 7 * 24;

/// All that catalogue and data quality are made of.
#[derive(Default)]
pub(crate) struct Observed {
    pub events: HashMap<String, EventSeen>,
    pub sources: BTreeMap<String, SourceSeen>,
    /// By hour (since 1970) and source, of the last [`HOURS`].
    pub hours: BTreeMap<(i64, String), HourSeen>,
    /// All events of the lake, and those that were looked into.
    pub counted: u64,
    pub looked_into: u64,
    newest_hour: i64,
}

/// What was seen of the events of one name.
#[derive(Default)]
pub(crate) struct EventSeen {
    pub kind: Option<EventType>,
    pub count: u64,
    pub looked_into: u64,
    /// By receipt, UTC ms.
    pub first: i64,
    pub last: i64,
    pub sources: BTreeMap<String, u64>,
    pub properties: Fields,
    pub traits: Fields,
    /// Fields that were taken to the vault.
    pub vaulted: BTreeMap<String, u64>,
    pub violations: BTreeMap<Violation, u64>,
}

/// What was seen of a source.
#[derive(Default)]
pub(crate) struct SourceSeen {
    pub count: u64,
    /// When the newest event came, and when the newest that came happened, UTC ms.
    pub newest_came: i64,
    pub newest_happened: i64,
}

/// What came from a source in an hour.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HourSeen {
    pub events: u64,
    pub late: u64,
    pub without_time: u64,
    /// Events that break the tracking plan, or had to be mended.
    pub violating: u64,
    pub fixed: u64,
    /// Records of which only the answers about consent were kept.
    pub withheld: u64,
    pub values: u64,
    pub empty: u64,
}

/// Reads the lake, the newest files first: of these `look_into` events at least are looked into, older ones are only
/// counted. `now` is UTC ms.
pub(crate) async fn observe<L: LakeStore>(
    lake: &L,
    now: i64,
    look_into: u64,
) -> Result<Observed, crate::ReportError> {
    let mut observed = Observed { newest_hour: now.div_euclid(HOUR), ..Observed::default() };
    for path in lake.list(EVENTS).await?.iter().rev() {
        let file = lake.open(path).await?;
        let into = observed.looked_into < look_into;
        let columns = if into { LOOKED_INTO } else { COUNTED };
        let read: Result<(), LakeError> = scan(path, file, columns, |rows| {
            (0..rows.len()).for_each(|row| observed.take(rows, row, into));
        });
        read?;
    }
    Ok(observed)
}

impl Observed {
    fn take(&mut self, rows: &Rows, row: usize, into: bool) {
        let text = |column| rows.text(column).get(row).unwrap_or_default();
        let long = |column| rows.long(column).get(row).unwrap_or_default();
        let (came, received, happened) =
            (long(Long::AppendedAt), long(Long::ReceivedAt), long(Long::HappenedAt));
        self.counted += 1;
        self.looked_into += u64::from(into);

        let event = entry(&mut self.events, text(Text::Name));
        if event.count == 0 {
            (event.first, event.last) = (received, received);
            event.kind = EventType::parse(text(Text::Type));
        }
        event.count += 1;
        (event.first, event.last) = (event.first.min(received), event.last.max(received));
        bump(&mut event.sources, text(Text::Source), MAX_SOURCES);
        let violations = text(Text::PlanViolations);
        let (mut violating, mut fixed) = (false, false);
        for violation in Violation::all(violations) {
            violating |= !violation.fixed;
            fixed |= violation.fixed;
            if event.violations.len() < MAX_RULES || event.violations.contains_key(&violation) {
                *event.violations.entry(violation).or_default() += 1;
            }
        }
        let mut values = Values::default();
        if into {
            event.looked_into += 1;
            let [properties, traits] = [
                event.properties.look(text(Text::Properties), received),
                event.traits.look(text(Text::Traits), received),
            ];
            values = Values { all: properties.all + traits.all, empty: properties.empty + traits.empty };
            for field in text(Text::Vaulted).split(' ').filter(|field| !field.is_empty()) {
                bump(&mut event.vaulted, field, MAX_RULES);
            }
        }

        let source = room(&self.sources, text(Text::Source), MAX_SOURCES);
        let seen = match self.sources.get_mut(source) {
            Some(seen) => seen,
            None => self.sources.entry(source.to_owned()).or_default(),
        };
        seen.newest_came = if seen.count == 0 { came } else { seen.newest_came.max(came) };
        seen.newest_happened = if seen.count == 0 { happened } else { seen.newest_happened.max(happened) };
        seen.count += 1;
        let hour = came.div_euclid(HOUR);
        if hour > self.newest_hour - HOURS && hour <= self.newest_hour {
            let seen = self.hours.entry((hour, source.to_owned())).or_default();
            seen.events += 1;
            seen.late += u64::from(received.saturating_sub(happened) > HOUR);
            seen.without_time += u64::from(matches!(text(Text::TimeMark), "missing" | "future"));
            seen.violating += u64::from(violating);
            seen.fixed += u64::from(fixed && !violating);
            // As `Event::is_withheld`: their answers, and no properties.
            let withheld =
                into && text(Text::Name) == names::CONSENT_CHANGED && text(Text::Properties).is_empty();
            seen.withheld += u64::from(withheld);
            seen.values += values.all;
            seen.empty += values.empty;
        }
    }
}

fn entry<'e>(events: &'e mut HashMap<String, EventSeen>, name: &str) -> &'e mut EventSeen {
    let name = if events.contains_key(name) || events.len() < MAX_EVENTS { name } else { OTHERS };
    if !events.contains_key(name) {
        events.insert(name.to_owned(), EventSeen::default());
    }
    events.get_mut(name).expect("it was just put in")
}

/// The name, or that of all others where there is no room for it.
fn room<'n, V>(known: &BTreeMap<String, V>, name: &'n str, most: usize) -> &'n str {
    if known.len() < most || known.contains_key(name) { name } else { OTHERS }
}

fn bump(counts: &mut BTreeMap<String, u64>, name: &str, most: usize) {
    let name = room(counts, name, most);
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}
