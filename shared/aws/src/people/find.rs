//! Who a visitor is.

use super::People;
use event::{Identifier, PortError};
use person::{Found, PersonSource, find_person};

impl PersonSource for People {
    async fn find(&self, identifiers: &[Identifier]) -> Result<Option<Found>, PortError> {
        find_person(self, identifiers).await
    }
}
