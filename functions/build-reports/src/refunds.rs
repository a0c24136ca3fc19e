//! Refunds that a shop system tells of more than once: the lake may hold each telling.

use event::MessageHash;
use lake::{Columns, Rows, Text};
use std::collections::HashSet;

/// What is read a second time of a file with refunds in it.
pub(crate) const COLUMNS: Columns<'static> = Columns { longs: &[], keys: &[], texts: &[Text::MessageId] };

/// Which refunds were met, file by file.
#[derive(Default)]
pub(crate) struct Refunds {
    /// How many rows of the file were passed.
    passed: usize,
    /// Of the file: the row of each refund, and the place of its purchase where it counts.
    open: Vec<(usize, Option<usize>)>,
    known: HashSet<MessageHash>,
    /// Places of purchases that were counted before.
    repeated: Vec<usize>,
}

impl Refunds {
    /// Notes a refund in a row of what is being read, and the place of its purchase where that counts.
    pub fn note(&mut self, row: usize, purchase: Option<usize>) {
        self.open.push((self.passed + row, purchase));
    }

    /// So many rows of a file were read.
    pub fn pass(&mut self, rows: usize) {
        self.passed += rows;
    }

    /// Whether the file that was read has refunds; the next reading begins at its first row.
    pub fn is_any(&mut self) -> bool {
        self.passed = 0;
        !self.open.is_empty()
    }

    /// Takes the message ids of the same file.
    pub fn name(&mut self, rows: &Rows) {
        let ids = rows.text(Text::MessageId);
        let here = self.passed..self.passed + rows.len();
        for (row, purchase) in self.open.iter().filter(|(row, _)| here.contains(row)) {
            let Some(id) = ids.get(row - self.passed) else { continue };
            if !self.known.insert(MessageHash::of(id)) {
                self.repeated.extend(purchase);
            }
        }
        self.passed = here.end;
    }

    /// Ends a file, and gives the places of purchases that were counted before, highest first.
    pub fn end(&mut self) -> Vec<usize> {
        (self.passed, self.open) = (0, Vec::new());
        let mut repeated = std::mem::take(&mut self.repeated);
        repeated.sort_unstable_by(|a, b| b.cmp(a));
        repeated
    }
}
