//! A file of the lake without some of its rows.

use crate::column::{Key, Text};
use crate::replay::{Archived, other_identities, replay};
use crate::scan::{Columns, scan};
use crate::write::EventFile;
use crate::{LakeError, LakeFile};
use parquet::file::reader::ChunkReader;

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Keep,
    /// It was edited, and is kept as it is now.
    Edited,
    Remove,
}

/// A file as it is to be.
#[derive(Debug, Default)]
pub struct Rewritten {
    pub removed: u64,
    pub edited: u64,
    pub kept: u64,
    /// The file to put in the place of the one that was read; nothing where no row is left, or none changed.
    pub file: Option<LakeFile>,
}

impl Rewritten {
    /// Whether the stored file has to go or be replaced.
    pub fn is_changed(&self) -> bool {
        self.removed + self.edited > 0
    }
}

/// Whether a row of a file carries one of these keys: as an identifier, or as a token in a text.
///
/// # Errors
/// A damaged file.
pub fn mentions<R: ChunkReader + 'static>(
    path: &str,
    file: R,
    is_wanted: impl Fn(event::Key) -> bool,
) -> Result<bool, LakeError> {
    let columns = Columns { keys: &Key::ALL, texts: &Text::ALL, ..Columns::default() };
    let mut found = false;
    scan(path, file, columns, |rows| {
        found = found
            || (0..rows.len()).any(|row| {
                let keyed = Key::ALL.iter().any(|column| rows.key(*column).get(row).is_some_and(&is_wanted));
                let texts = || Text::ALL.iter().filter_map(|column| rows.text(*column).get(row));
                let other =
                    || other_identities(rows.text(Text::OtherIdentities).get(row).unwrap_or_default());
                keyed
                    || other().any(|identifier| is_wanted(identifier.key))
                    || texts().any(|text| event::tokens_in(text.as_bytes()).any(&is_wanted))
            });
    })?;
    Ok(found)
}

/// Reads a file, lets `edit` see and change each row, and builds the file of those that stay, in their order and
/// under the same path: putting it replaces the file that was read as one step.
///
/// # Errors
/// A damaged file, which is then to be left as it is.
pub fn rewrite<R: ChunkReader + 'static>(
    path: &str,
    file: R,
    mut edit: impl FnMut(&mut Archived<'_>) -> Fate,
) -> Result<Rewritten, LakeError> {
    let mut rewritten = Rewritten::default();
    let mut rows = EventFile::new(0, "rewritten");
    replay(path, file, |mut row| {
        match edit(&mut row) {
            Fate::Remove => {
                rewritten.removed += 1;
                return;
            }
            Fate::Edited => rewritten.edited += 1,
            Fate::Keep => rewritten.kept += 1,
        }
        rows.push(row.sequence, row.appended_at, &row.event);
    })?;
    if rewritten.is_changed() && !rows.is_empty() {
        rewritten.file = Some(LakeFile { path: path.to_owned(), ..rows.finish()? });
    }
    Ok(rewritten)
}
