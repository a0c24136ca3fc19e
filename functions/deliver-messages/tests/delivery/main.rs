//! Delivery over ports in memory.

mod ports;
mod samples;
mod shop;
mod stories;
