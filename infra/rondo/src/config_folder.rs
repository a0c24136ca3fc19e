//! The configuration folder of one machine.

use config::{Config, Files, FromFiles, Problem, Problems, TrackingPlan};
use copy::Approvals;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folders below a configuration's own.
const FOLDERS: [&str; 5] = ["campaigns", "templates", "mappings", "placements", "tracking-plan"];

/// Reads and checks a configuration folder. A folder or file that is not there is empty; every mistake is
/// reported with its place.
pub fn read_config(folder: &Path) -> (Config, Problems) {
    let (files, mut problems) = read_files(folder);
    let (config, found) = read_all(&files);
    problems.append(found.below(folder));
    (config, problems)
}

/// Everything that files say, with a parser that holds records against the tracking plan.
pub fn read_all(files: &Files) -> (Config, Problems) {
    let (mut config, mut problems) = Config::read(files);
    let (plan, found) = TrackingPlan::read(files);
    problems.append(found);
    plan.guide(&mut config.settings.parser);
    (config, problems)
}

/// Reads the files of a configuration folder; those that can't be read are reported.
pub fn read_files(folder: &Path) -> (Files, Problems) {
    let (mut files, mut problems) = (Files::default(), Problems::default());
    let alone = ["settings.yaml", Approvals::FILE].map(|name| folder.join(name));
    let mut paths: Vec<PathBuf> = alone.into_iter().filter(|path| path.exists()).collect();
    for name in FOLDERS {
        paths.extend(files_in(&folder.join(name), &mut problems));
    }
    for path in paths {
        match fs::read_to_string(&path) {
            Ok(text) => files.insert(path.strip_prefix(folder).unwrap_or(&path), text),
            Err(error) => {
                problems.add(Problem::new(
                    &path,
                    0,
                    0,
                    format!("can't be read: {error}; it must be UTF-8 text"),
                ));
            }
        }
    }
    (files, problems)
}

/// The files of a folder, in order of their names, without hidden ones.
fn files_in(folder: &Path, problems: &mut Problems) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problems.add(Problem::new(folder, 0, 0, format!("can't be read: {error}")));
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .filter(|path| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")))
        .collect();
    files.sort();
    files
}
