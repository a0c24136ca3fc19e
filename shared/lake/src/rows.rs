//! Decoded rows, by column.

use crate::column::{Key, Long, Text};

/// Some consecutive rows of a file, by column. A column that was not asked for, or that an older file does
/// not have, is absent in every row.
pub struct Rows {
    pub(crate) len: usize,
    pub(crate) longs: [LongColumn; Long::ALL.len()],
    pub(crate) keys: [KeyColumn; Key::ALL.len()],
    pub(crate) texts: [TextColumn; Text::ALL.len()],
}

/// The values of a [`Long`] column.
#[derive(Default)]
pub struct LongColumn {
    pub(crate) levels: Vec<i16>,
    pub(crate) values: Vec<i64>,
}

/// The values of a [`Key`] column.
#[derive(Default)]
pub struct KeyColumn {
    pub(crate) levels: Vec<i16>,
    pub(crate) values: Vec<event::Key>,
}

/// The values of a [`Text`] column.
#[derive(Default)]
pub struct TextColumn {
    pub(crate) levels: Vec<i16>,
    pub(crate) ends: Vec<usize>,
    pub(crate) arena: String,
}

impl Rows {
    pub(crate) fn new() -> Rows {
        Rows {
            len: 0,
            longs: Default::default(),
            keys: Default::default(),
            texts: std::array::from_fn(|_| TextColumn::default()),
        }
    }

    /// How many rows these are; never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn long(&self, column: Long) -> &LongColumn {
        &self.longs[column as usize]
    }

    pub fn key(&self, column: Key) -> &KeyColumn {
        &self.keys[column as usize]
    }

    pub fn text(&self, column: Text) -> &TextColumn {
        &self.texts[column as usize]
    }
}

impl LongColumn {
    #[inline]
    pub fn get(&self, row: usize) -> Option<i64> {
        present(&self.levels, row)?;
        self.values.get(row).copied()
    }
}

impl KeyColumn {
    #[inline]
    pub fn get(&self, row: usize) -> Option<event::Key> {
        present(&self.levels, row)?;
        self.values.get(row).copied()
    }
}

impl TextColumn {
    #[inline]
    pub fn get(&self, row: usize) -> Option<&str> {
        present(&self.levels, row)?;
        let end = *self.ends.get(row)?;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        Some(&self.arena[start..end])
    }
}

fn present(levels: &[i16], row: usize) -> Option<()> {
    levels.get(row).is_none_or(|level| *level > 0).then_some(())
}
