//! A configuration as one file.

use crate::rondo::{run, write};
use crate::samples::events;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

#[test]
fn a_folder_becomes_one_file() {
    let out = tempdir().unwrap();
    let file = out.path().join("shop.json");
    let shop = events().join("shop");
    let ran = run(None, &[Path::new("bundle"), &shop, Path::new("-o"), &file]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.lines().count() == 1 && ran.err.contains("settings.yaml: warning: there are no write_keys")
    );
    let bundle: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let bundle = bundle.as_object().unwrap();
    // Thirteen campaigns, seventeen templates, three schemas, two placements, a mapping, the settings; each as it lies in
    // the folder.
    assert_eq!(bundle.len(), 37);
    for (path, text) in bundle {
        assert_eq!(
            fs::read_to_string(shop.join("config").join(path)).unwrap(),
            text.as_str().unwrap(),
            "{path}"
        );
    }
}

#[test]
fn one_with_mistakes_does_not() {
    let folder = tempdir().unwrap();
    write(folder.path(), &[("settings.yaml", "name: Shop\nwrite_keys: { web: s3cret }\n")]);
    let file = folder.path().join("config.json");
    let ran = run(None, &[Path::new("bundle"), folder.path(), Path::new("-o"), &file]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("settings.yaml:2:20: a write key is kept as `sha256:`"), "{}", ran.err);
    assert!(!ran.err.contains("s3cret") && !file.exists());
}
