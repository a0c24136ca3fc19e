//! Entries as items.

use crate::item::{Item, binary, bytes_of, number};
use aws_sdk_dynamodb::types::AttributeValue;
use campaign::{LedgerEntry, LedgerState};
use event::{Key, PortError, SECOND};
use std::collections::HashMap;

pub(super) const WHAT: &str = "the ledger";
/// The partition key: the action's id.
pub(super) const ACTION: &str = "action";
/// The keys of the index of claimed entries, which no other entry has: 1, and since when in UTC ms.
pub(super) const PENDING: &str = "pending";
pub(super) const CLAIMED: &str = "claimed";
const ENTRY: &str = "entry";
const TOKEN: &str = "token";
/// How long an entry is kept, in seconds after the last that happened to it.
const KEPT_S: i64 = 400 * 24 * 3600;

/// What one writer leaves in what it writes, random.
pub(super) type Token = [u8; 16];

/// A stored entry, and the token of who wrote it: while the token stands, so does all of it.
pub(super) struct Row {
    pub entry: LedgerEntry,
    pub token: Token,
}

impl Row {
    pub(super) fn read(item: &Item) -> Result<Row, PortError> {
        let read = || {
            let entry = LedgerEntry::decode(bytes_of(item, ENTRY)?).ok()?;
            Some(Row { entry, token: bytes_of(item, TOKEN)?.try_into().ok()? })
        };
        read().ok_or_else(|| PortError::Failed { what: WHAT, reason: "an entry can't be read".to_owned() })
    }
}

/// An entry to put in the place of what was read.
pub(super) struct Put {
    pub item: Item,
    pub condition: String,
    pub names: Option<HashMap<String, String>>,
    pub values: Option<HashMap<String, AttributeValue>>,
}

impl Put {
    pub(super) fn new(entry: &LedgerEntry, token: Token, read: Option<&Row>) -> Put {
        let mut item = key(entry.action);
        item.insert("person".to_owned(), binary(entry.person.0));
        item.insert("state".to_owned(), number(entry.state as u8));
        item.insert("at".to_owned(), number(entry.at));
        item.insert("expires".to_owned(), number(entry.at.div_euclid(SECOND) + KEPT_S));
        item.insert(ENTRY.to_owned(), binary(entry.encode()));
        item.insert(TOKEN.to_owned(), binary(token));
        if entry.state == LedgerState::Claimed {
            item.insert(PENDING.to_owned(), number(1));
            item.insert(CLAIMED.to_owned(), number(entry.at));
        }
        let names = Some(HashMap::from([("#token".to_owned(), TOKEN.to_owned())]));
        let (condition, values) = match read {
            None => ("attribute_not_exists(#token)", None),
            Some(row) => ("#token = :read", Some(HashMap::from([(":read".to_owned(), binary(row.token))]))),
        };
        Put { item, condition: condition.to_owned(), names, values }
    }
}

/// The primary key of an action's entry.
pub(super) fn key(action: Key) -> Item {
    Item::from([(ACTION.to_owned(), binary(action.0))])
}
