//! Service cases of a person: tickets, complaints, returns.

use event::wire::{Damaged, Reader, put_bytes, put_varint};

/// How many cases are kept: those with the largest ids, which for ids that count up are the newest.
pub(crate) const MAX_CASES: usize = 16;

/// The kind of case that pauses marketing while it is open.
pub(crate) const COMPLAINT: &str = "complaint";

/// One case, ordered by its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case<'a> {
    pub id: &'a str,
    /// For example `complaint`; empty where nobody said.
    pub kind: &'a str,
    /// When it was last opened and closed, UTC ms.
    pub opened: Option<i64>,
    pub closed: Option<i64>,
}

impl Case<'_> {
    /// Whether it was opened after it was last closed.
    pub fn is_open(&self) -> bool {
        self.opened > self.closed
    }
}

/// Joins what is known of a case with others, sorted by id, largest first.
pub(crate) fn add<'a>(cases: &mut Vec<Case<'a>>, new: Case<'a>) {
    match cases.iter_mut().find(|case| case.id == new.id) {
        Some(case) => {
            case.kind = case.kind.max(new.kind);
            case.opened = case.opened.max(new.opened);
            case.closed = case.closed.max(new.closed);
        }
        None => crate::bounded::insert_newest(cases, new, MAX_CASES),
    }
}

pub(crate) fn encode(cases: &[Case<'_>], out: &mut Vec<u8>, base: i64) {
    for case in cases {
        put_bytes(out, case.id.as_bytes());
        put_bytes(out, case.kind.as_bytes());
        // Zero is never; all else is one more than the distance from the base.
        for at in [case.opened, case.closed] {
            put_varint(out, at.map_or(0, |at| (base - at) as u64 + 1));
        }
    }
}

pub(crate) fn decode<'a>(
    cases: &mut Vec<Case<'a>>,
    mut reader: Reader<'a>,
    base: i64,
) -> Result<(), Damaged> {
    while !reader.is_empty() {
        let (id, kind) = (reader.text()?, reader.text()?);
        let mut time = || -> Result<Option<i64>, Damaged> {
            let distance = reader.varint()?;
            Ok((distance > 0).then(|| base.wrapping_sub((distance - 1) as i64)))
        };
        cases.push(Case { id, kind, opened: time()?, closed: time()? });
    }
    Ok(())
}
