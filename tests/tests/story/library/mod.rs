//! The ready campaigns of the sample shop, all of them live at once: given events at times, these messages at these
//! times, and none other.

mod calendar;
mod customers;
mod story;
mod visitors;

pub use story::{Story, consenting, order, product};
