//! The samples that lie beside the code.

use std::path::{Path, PathBuf};

/// Sample invocations, and a sample shop.
pub fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}
