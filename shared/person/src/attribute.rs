//! The names of the attributes of the item that a person, or one of their identifiers, has in a table of items: what
//! the adapter writes, and what the table's change stream brings.

/// The key: the person's id, which is the hash of the strongest of their identifiers, or the hash of a weaker one
/// that points to them. 16 bytes.
pub const PERSON: &str = "person";
/// The kind of the identifier whose hash is the key, as a number.
pub const KIND: &str = "kind";
/// The stored form of the profile, or of a forwarding pointer. Absent where there is a pointer of an identifier alone.
pub const PROFILE: &str = "profile";
/// How often the item was written. The next write names it.
pub const VERSION: &str = "version";
/// Bus envelopes with the events that this write applied and a live campaign could want: one as it is, several as
/// a list, none not at all.
pub const FRESH: &str = "fresh";
/// The people whose state went into this one by this write, 16 bytes each, one after another; absent where there
/// are none.
pub const MERGED: &str = "merged";
/// Of a pointer: the person whose the identifier is, or into whom this one was merged. 16 bytes.
pub const INTO: &str = "into";
/// Of a pointer: the kind of the identifier whose hash is that person's id.
pub const INTO_KIND: &str = "into_kind";
/// Of the item that holds a person's identity log: its entries, in lists of some at a time, oldest first.
pub const LOG: &str = "log";
