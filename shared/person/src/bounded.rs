//! The ways in which lists stay bounded without their order of arrival mattering.

/// Keeps the newest: `items` is sorted newest first by a total order, `item` takes its place, and what
/// falls off the end falls for good, since everything before it is newer.
pub(crate) fn insert_newest<T: Ord>(items: &mut Vec<T>, item: T, max: usize) {
    let at = items.partition_point(|other| *other > item);
    if at < max {
        if items.len() == max {
            items.pop();
        }
        items.insert(at, item);
    }
}

/// The same of a set: what is there already changes nothing.
pub(crate) fn insert_new<T: Ord>(items: &mut Vec<T>, item: T, max: usize) {
    if !items.contains(&item) {
        insert_newest(items, item, max);
    }
}

/// The entry of `key` in a list sorted by key, made by `new` if there is none. Of more than `max` keys the
/// first in order stay, and the others were never complete: `None`.
pub(crate) fn first_by_key<'v, T>(
    items: &'v mut Vec<T>,
    key: &str,
    max: usize,
    name: impl Fn(&T) -> &str,
    new: impl FnOnce() -> T,
) -> Option<&'v mut T> {
    let at = match items.binary_search_by(|item| name(item).cmp(key)) {
        Ok(at) => at,
        Err(at) if at >= max => return None,
        Err(at) => {
            if items.len() == max {
                items.pop();
            }
            items.insert(at, new());
            at
        }
    };
    Some(&mut items[at])
}
