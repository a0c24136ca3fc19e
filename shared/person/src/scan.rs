//! The profiles of a store read from end to end, a page at a time.

use event::{Key, PortError};

/// Reads every profile that is there throughout once, in an order of the store's own.
#[allow(async_fn_in_trait)]
pub trait ProfileScan {
    /// Shows the profiles behind a place (person, version, stored blob), forwarding pointers among them, and returns
    /// the place to go on behind; `None` at the end. The empty place is the beginning; any other is the store's own.
    /// A page has at most `people` profiles, and may have fewer, or none.
    async fn page(
        &self,
        after: &[u8],
        people: usize,
        visit: impl FnMut(Key, u64, &[u8]),
    ) -> Result<Option<Vec<u8>>, PortError>;
}
