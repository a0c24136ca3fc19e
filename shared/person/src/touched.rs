//! What an event may change in a profile.

use event::{Event, names};

/// Whether folding an event in may change a section of [`Profile::to_json`](crate::Profile::to_json). Says yes where
/// it is not certain, and to sections that it does not know.
pub fn may_touch(event: &Event<'_>, section: &str) -> bool {
    let name = event.name.as_ref();
    match section {
        "orders" => matches!(name, names::ORDER_COMPLETED | names::ORDER_REFUNDED),
        "service" => matches!(name, names::CASE_OPENED | names::CASE_CLOSED),
        "traits" => !event.traits.is_empty(),
        "dwell" => event.facts.dwell_ms.is_some(),
        "affinity" => {
            event.facts.product_id.is_some()
                || event.facts.category.is_some()
                || event.facts.brand.is_some()
                || !event.facts.items.is_empty()
        }
        _ => true,
    }
}
