//! Delivery over ports in memory.

mod caps;
mod channels;
mod clock_changes;
mod creatives;
mod feedback;
mod on_site;
mod ports;
mod samples;
mod shop;
mod stories;
