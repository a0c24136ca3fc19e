//! A restriction, and its end: the person's identifiers on the privacy list.

use crate::subject::Subject;
use crate::{Deps, PrivacyError, Stores};
use event::{Identifier, PRIVACY_LIST, PortError, PrivacyList, PrivacyStore};

/// How often the list is read again that somebody else changed meanwhile.
const ATTEMPTS: usize = 5;

/// Puts a person under a restriction, or ends it.
pub async fn restrict<S: Stores>(
    deps: &Deps<'_, S>,
    subject: &Subject,
    restricted: bool,
) -> Result<(), PrivacyError> {
    let identifiers: Vec<Identifier> = subject.identifiers.iter().copied().collect();
    change_list(deps, |list| list.restrict(&identifiers, restricted)).await
}

/// Changes the stored list, and puts it in force here.
///
/// # Errors
/// A list that can't be read, or that others go on changing.
pub async fn change_list<S: Stores>(
    deps: &Deps<'_, S>,
    change: impl Fn(&mut PrivacyList),
) -> Result<(), PrivacyError> {
    for _ in 0..ATTEMPTS {
        let stored = deps.files.get(PRIVACY_LIST).await?;
        let mut list = match &stored {
            Some(stored) => PrivacyList::parse(&stored.bytes)
                .map_err(|error| PrivacyError::damaged("the privacy list", error))?,
            None => PrivacyList::default(),
        };
        change(&mut list);
        let version = stored.map(|stored| stored.version).unwrap_or_default();
        match deps.files.put(PRIVACY_LIST, &list.to_json(), Some(&version)).await {
            Err(PortError::Conflict { .. }) => {}
            written => {
                written?;
                deps.parser.settings().privacy.replace(list);
                return Ok(());
            }
        }
    }
    Err(PortError::Conflict { what: "the privacy list" }.into())
}
