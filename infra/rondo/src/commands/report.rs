//! `rondo report`.

use crate::commands::DataFolder;
use crate::installation::{Installation, clock};
use anyhow::Result;

/// Writes a report over everything in the lake and says where it is.
pub fn report(data: &DataFolder) -> Result<()> {
    let mut installation = Installation::open(&data.path)?;
    let page = installation.report(clock())?;
    installation.close()?;
    println!("{}", page.display());
    Ok(())
}
