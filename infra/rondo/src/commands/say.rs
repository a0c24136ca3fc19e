//! What a command prints.

use std::io::{Write, stdout};

/// Prints a line on standard output. Whoever read it may have seen enough and gone.
pub fn say(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}
