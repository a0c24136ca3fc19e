//! The profiles of the table read from end to end.

use super::{People, WHAT, stored};
use crate::failure::failure;
use crate::item::{binary, key_of};
use event::{Key, PortError};
use person::ProfileScan;
use person::attribute::{PERSON, PROFILE, VERSION};

/// In an order of the table's own; a place is the key of the item that was looked at last. It reads what may be a moment
/// old, at half the price: half a read unit for 8 KB, pointers of identifiers among them.
impl ProfileScan for People {
    async fn page(
        &self,
        after: &[u8],
        people: usize,
        mut visit: impl FnMut(Key, u64, &[u8]),
    ) -> Result<Option<Vec<u8>>, PortError> {
        let mut last = (!after.is_empty()).then(|| after.to_vec());
        let mut seen = 0;
        while seen < people {
            let limit = i32::try_from(people - seen).unwrap_or(i32::MAX);
            let mut call = self
                .client
                .scan()
                .table_name(&self.table)
                .limit(limit)
                .filter_expression("attribute_exists(#profile)")
                .projection_expression("#person, #profile, #version")
                .expression_attribute_names("#person", PERSON)
                .expression_attribute_names("#profile", PROFILE)
                .expression_attribute_names("#version", VERSION);
            if let Some(last) = last.take() {
                call = call.exclusive_start_key(PERSON, binary(last));
            }
            let page = call.send().await.map_err(|error| failure(WHAT, error))?;
            for item in page.items() {
                if let (Some(person), Some(stored)) = (key_of(item, PERSON), stored(item)?) {
                    visit(person, stored.version, &stored.blob);
                    seen += 1;
                }
            }
            match page.last_evaluated_key().and_then(|key| key_of(key, PERSON)) {
                Some(key) => last = Some(key.0.to_vec()),
                None => return Ok(None),
            }
        }
        Ok(last)
    }
}
