//! The sample shop, carried in the program so that the demo needs nothing beside it.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_bytes!(concat!("../../../events/shop/config/", $path)).as_slice())),*]
    };
}

/// The shop's configuration, by path below `config/`.
const CONFIG: [(&str, &[u8]); 38] = files![
    "settings.yaml",
    "campaign.schema.json",
    "campaigns/back-in-stock.yaml",
    "campaigns/birthday.yaml",
    "campaigns/browse-abandonment.yaml",
    "campaigns/cart-abandonment.yaml",
    "campaigns/complaint-recovery.yaml",
    "campaigns/new-product-launch.yaml",
    "campaigns/post-purchase-care.yaml",
    "campaigns/price-drop.yaml",
    "campaigns/promotion.yaml",
    "campaigns/replenishment.yaml",
    "campaigns/upgrade.yaml",
    "campaigns/welcome.yaml",
    "campaigns/win-back.yaml",
    "templates/back-in-stock.html",
    "templates/birthday.html",
    "templates/browse-coupon.html",
    "templates/care.html",
    "templates/cart-last-call.html",
    "templates/cart-reminder.html",
    "templates/layout.html",
    "templates/new-product.html",
    "templates/price-drop.html",
    "templates/running-low.html",
    "templates/sale-free-shipping.html",
    "templates/sale-last-day.html",
    "templates/sale-ten-percent.html",
    "templates/sorry.html",
    "templates/upgrade.html",
    "templates/welcome.html",
    "templates/win-back.html",
    "mappings/cdnow.yaml",
    "placements/home-hero.yaml",
    "placements/product-page.yaml",
    "tracking-plan/Case Closed.yaml",
    "tracking-plan/Case Opened.yaml",
    "tracking-plan/Signed Up.yaml",
];

/// A month of the shop, one Segment-spec record a line.
pub const LOG: &[u8] = include_bytes!("../../../events/shop/shop.ndjson");

/// The purchase log of a CD shop, 1997–98; its source and licence are in `events/shop/cdnow-SOURCE.md`.
pub const CDNOW: &[u8] = include_bytes!("../../../events/shop/cdnow_master.txt");

/// Writes the shop's configuration, and keys that are no secret, so that every demo comes to the same.
pub fn write_config(folder: &Path) -> Result<()> {
    for (path, bytes) in CONFIG {
        write(&folder.join("config").join(path), bytes)?;
    }
    write(&folder.join("keys/hash.key"), b"the demo's key, not kept secret!")?;
    write(&folder.join("keys/vault.key"), b"the demo's vault, not a secret!!")
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .with_context(|| format!("writing {}", path.display()))
}
