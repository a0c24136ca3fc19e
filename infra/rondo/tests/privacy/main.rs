//! What one person has a right to, over an installation at work.

mod crash;
mod erase;
#[path = "../cli/rondo.rs"]
#[allow(dead_code)]
mod rondo_command;
mod search;
mod shop;
