//! Bodies of other tools than Segment's, as records of the Segment spec.
//!
//! A dialect is a pure translation: it says which of its fields stand for which of the spec's, and leaves cleaning,
//! hashing and refusing to the one [`Parser`](crate::Parser). What has no place in the spec stays a property.

pub mod base64;
pub mod cloudevents;
pub mod ga4;
mod members;
pub mod pixel;
pub mod posthog;
mod record;
pub mod shopify;
mod store;
pub mod woocommerce;

pub use store::{Delivery, ShopSystem, WebhookSource};

use crate::Rejection;

/// A record of the Segment spec, as JSON text; or why a part of a body is none, with the part's own text.
pub type Translated = Result<String, (Rejection, String)>;
