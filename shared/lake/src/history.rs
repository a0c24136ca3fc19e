//! The lake as the history of all events.

use crate::column::{Key, Text};
use crate::scan::{Columns, scan};
use crate::{EVENTS, LakeError, LakeStore, other_identities, replay};
use event::{Event, Identifier, Identifiers, PortError};
use person::EventHistory;

/// Everything that a lake holds, in the order of its files and rows.
pub struct History<'l, L>(pub &'l L);

impl<L: LakeStore> EventHistory for History<'_, L> {
    async fn each_identifiers(&self, mut visit: impl FnMut(&[Identifier])) -> Result<(), PortError> {
        let columns = Columns { keys: &Key::ALL, texts: &[Text::OtherIdentities], ..Columns::default() };
        for path in self.0.list(EVENTS).await? {
            let file = self.0.open(&path).await?;
            scan(&path, file, columns, |rows| {
                for row in 0..rows.len() {
                    let mut identifiers = Identifiers::default();
                    for column in Key::ALL {
                        if let Some(key) = rows.key(column).get(row) {
                            identifiers.insert(Identifier { kind: column.kind(), key });
                        }
                    }
                    other_identities(rows.text(Text::OtherIdentities).get(row).unwrap_or_default())
                        .for_each(|identifier| identifiers.insert(identifier));
                    visit(&identifiers);
                }
            })
            .map_err(unreadable)?;
        }
        Ok(())
    }

    async fn each_event(&self, mut visit: impl FnMut(&Event<'_>)) -> Result<(), PortError> {
        for path in self.0.list(EVENTS).await? {
            let file = self.0.open(&path).await?;
            replay(&path, file, |archived| visit(&archived.event)).map_err(unreadable)?;
        }
        Ok(())
    }
}

fn unreadable(error: LakeError) -> PortError {
    PortError::Failed { what: "the lake", reason: error.to_string() }
}
