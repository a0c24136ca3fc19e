//! Which identifiers are one person, as far as the rows of the lake say.

use event::Key;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Identifiers joined to people by union-find. Rows are read once: what a person did is noted under any of
/// their identifiers, and put together at the end with [`People::person`].
#[derive(Default)]
pub(crate) struct People {
    nodes: HashMap<Key, u32, FixedState>,
    parents: Vec<u32>,
    /// Whether the set under a root holds a user id. Two such sets are never joined.
    known: Vec<bool>,
}

impl People {
    /// The number of an identifier.
    pub fn node(&mut self, key: Key, is_user: bool) -> u32 {
        match self.nodes.entry(key) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let node = self.parents.len() as u32;
                self.parents.push(node);
                self.known.push(is_user);
                *entry.insert(node)
            }
        }
    }

    /// Notes that two identifiers came with one event, and so are one person, unless each belongs to a user
    /// of its own.
    pub fn link(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b || (self.known[a as usize] && self.known[b as usize]) {
            return;
        }
        let (root, child) =
            if self.known[b as usize] || (b < a && !self.known[a as usize]) { (b, a) } else { (a, b) };
        self.parents[child as usize] = root;
    }

    /// The person of an identifier, once all rows were read.
    pub fn person(&mut self, node: u32) -> u32 {
        self.root(node)
    }

    /// How many identifiers there are: all nodes are below.
    pub fn nodes(&self) -> u32 {
        self.parents.len() as u32
    }

    fn root(&mut self, mut node: u32) -> u32 {
        while self.parents[node as usize] != node {
            let grandparent = self.parents[self.parents[node as usize] as usize];
            self.parents[node as usize] = grandparent;
            node = grandparent;
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_users_who_share_a_browser_stay_two() {
        let mut people = People::default();
        let ann = people.node(Key([1; 16]), true);
        let bob = people.node(Key([2; 16]), true);
        let browser = people.node(Key([3; 16]), false);
        let phone = people.node(Key([4; 16]), false);
        people.link(phone, browser);
        people.link(ann, browser);
        people.link(bob, browser);
        assert_eq!(people.node(Key([3; 16]), false), browser);
        assert_eq!(people.person(phone), people.person(ann));
        assert_ne!(people.person(ann), people.person(bob));
    }
}
