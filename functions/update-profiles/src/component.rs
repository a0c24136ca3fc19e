//! Everybody whom a merge could concern: the identifiers that events tie together, directly or by way of others.

use event::Identifier;
use foldhash::HashMap;

/// Identifiers in sets that no event ties together: a union-find with path halving.
#[derive(Default)]
pub(crate) struct Components {
    places: HashMap<Identifier, u32>,
    parents: Vec<u32>,
}

impl Components {
    /// Ties the identifiers of one event together.
    pub fn tie(&mut self, identifiers: &[Identifier]) {
        let mut first = None;
        for identifier in identifiers {
            let next = self.parents.len() as u32;
            let place = *self.places.entry(*identifier).or_insert(next);
            if place == next {
                self.parents.push(next);
            }
            let root = self.root(place);
            match first {
                None => first = Some(root),
                Some(first) => self.parents[root as usize] = first,
            }
        }
    }

    /// The identifiers that are tied to one of these, in order.
    pub fn of(mut self, some: &[Identifier]) -> Vec<Identifier> {
        let places: Vec<u32> = some.iter().filter_map(|id| self.places.get(id).copied()).collect();
        let roots: Vec<u32> = places.into_iter().map(|place| self.root(place)).collect();
        let places = std::mem::take(&mut self.places);
        let mut tied: Vec<Identifier> = places
            .into_iter()
            .filter(|(_, place)| roots.contains(&self.root(*place)))
            .map(|(identifier, _)| identifier)
            .collect();
        tied.sort_unstable();
        tied
    }

    fn root(&mut self, mut place: u32) -> u32 {
        while self.parents[place as usize] != place {
            let above = self.parents[self.parents[place as usize] as usize];
            self.parents[place as usize] = above;
            place = above;
        }
        place
    }
}
