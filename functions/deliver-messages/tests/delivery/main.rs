//! Delivery over ports in memory.

mod feedback;
mod ports;
mod samples;
mod shop;
mod stories;
