//! The bus log over crashes, damage, and many threads.

use embedded::{BusLog, Frame, FrameBuilder};
use event::{Event, Identifier, IdentifierKind, Identifiers, Key};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

fn event(id: String) -> Event<'static> {
    let mut identifiers = Identifiers::default();
    identifiers.insert(Identifier { kind: IdentifierKind::User, key: Key([1; 16]) });
    Event::reported(id, "Seen", identifiers, 7, r#"{"n":1}"#.to_owned(), "test")
}

fn append(log: &BusLog, ids: &[&str]) -> i64 {
    let mut frame = FrameBuilder::default();
    ids.iter().for_each(|id| frame.event(&event((*id).to_owned())));
    log.append(&mut frame, 5).unwrap()
}

/// A frame without events that takes this many bytes.
fn fill(log: &BusLog, bytes: usize) -> i64 {
    let mut frame = FrameBuilder::default();
    frame.checkpoint("source", &vec![7; bytes]);
    log.append(&mut frame, 5).unwrap()
}

fn frames(log: &BusLog, from: i64) -> Vec<Frame> {
    let mut reader = log.read_from(from).unwrap();
    std::iter::from_fn(|| reader.next_frame().unwrap()).collect()
}

/// First number and message ids of each frame from a number on.
fn ids(log: &BusLog, from: i64) -> Vec<(i64, Vec<String>)> {
    let ids =
        |frame: &Frame| frame.events().unwrap().iter().map(|event| event.message_id.to_string()).collect();
    frames(log, from).iter().map(|frame| (frame.first_sequence, ids(frame))).collect()
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// The only segment's path and bytes.
fn only(folder: &Path) -> (PathBuf, Vec<u8>) {
    let [path] = segments(folder).try_into().unwrap();
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

/// A log of three frames, and the byte at which each begins, and the end.
fn three(folder: &Path) -> [usize; 4] {
    let log = BusLog::open(folder).unwrap();
    let mut ends = [0; 4];
    for (n, ids) in [&["a", "b"][..], &["c"], &["d", "e", "f"]].iter().enumerate() {
        append(&log, ids);
        ends[n + 1] = only(folder).1.len();
    }
    ends
}

fn expected() -> Vec<(i64, Vec<String>)> {
    let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    vec![(0, own(&["a", "b"])), (2, own(&["c"])), (3, own(&["d", "e", "f"]))]
}

#[test]
fn frames_come_back_from_any_number() {
    let folder = tempfile::tempdir().unwrap();
    three(folder.path());
    let log = BusLog::open(folder.path()).unwrap();
    assert_eq!(log.end(), 6);
    assert_eq!(ids(&log, 0), expected());
    // From the middle of a frame: that frame.
    assert_eq!(ids(&log, 4), expected()[2..]);
    assert_eq!(ids(&log, 1), expected());
    assert_eq!(ids(&log, 6), []);
    let first = &frames(&log, 0)[0];
    assert_eq!(first.events().unwrap()[1], event("b".to_owned()));
    assert_eq!((first.appended_at, first.count), (5, 2));
}

#[test]
fn a_torn_tail_is_cut_off_wherever_it_tore() {
    let folder = tempfile::tempdir().unwrap();
    let [_, _, begin, end] = three(folder.path());
    let (path, whole) = only(folder.path());
    for cut in begin..end {
        fs::write(&path, &whole[..cut]).unwrap();
        let log = BusLog::open(folder.path()).unwrap();
        assert_eq!(ids(&log, 0), expected()[..2], "cut at byte {cut}");
        assert_eq!(only(folder.path()).1.len(), begin);
        // The log goes on with the number that nobody was told.
        assert_eq!(append(&log, &["g"]), 3);
        drop(log);
        let log = BusLog::open(folder.path()).unwrap();
        assert_eq!(ids(&log, 3), [(3, vec!["g".to_owned()])]);
    }
}

#[test]
fn a_tail_that_never_reached_the_disk_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let [_, _, begin, _] = three(folder.path());
    let (path, whole) = only(folder.path());
    // The file's length was written, its blocks were not; or only some of them were.
    let mut head_only = whole.clone();
    head_only[begin + 20..].fill(0);
    for tail in [vec![0; 40], vec![0; 20_000], head_only[begin..].to_vec()] {
        fs::write(&path, [&whole[..begin], &tail].concat()).unwrap();
        let log = BusLog::open(folder.path()).unwrap();
        assert_eq!((log.end(), ids(&log, 0).len()), (3, 2));
    }
}

#[test]
fn damage_in_the_middle_is_an_error_that_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let [_, second, third, _] = three(folder.path());
    let (path, whole) = only(folder.path());
    for at in 0..third {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        let error = BusLog::open(folder.path()).err().unwrap_or_else(|| panic!("byte {at}")).to_string();
        let begin = if at < second { 0 } else { second };
        let place = format!("{}: the frame at byte {begin} is damaged", path.display());
        assert!(error.starts_with("the bus log failed: ") && error.contains(&place), "byte {at}: {error}");
        // Nothing was thrown away.
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
}

#[test]
fn damage_below_an_open_log_is_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let [_, second, third, end] = three(folder.path());
    let (path, whole) = only(folder.path());
    let log = BusLog::open(folder.path()).unwrap();
    let mut damaged = whole.clone();
    damaged[end - 1] ^= 1;
    // The last frame damaged, cut short, gone; one in the middle gone.
    let without = [&whole[..second], &whole[third..]].concat();
    for bytes in [&damaged, &whole[..end - 1], &whole[..third], &without] {
        fs::write(&path, bytes).unwrap();
        let mut reader = log.read_from(0).unwrap();
        let error = loop {
            match reader.next_frame() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the damage was taken for the end"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains(&path.display().to_string()) && error.contains(" at byte "), "{error}");
    }
}

#[test]
fn segments_roll_over_and_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let log = BusLog::open(folder.path()).unwrap();
    append(&log, &["a", "b"]);
    // A segment is full at 64 MiB.
    assert_eq!((fill(&log, 65 << 20), append(&log, &["c"])), (2, 3));
    assert_eq!((fill(&log, 65 << 20), append(&log, &["d", "e"])), (4, 5));
    let starts = |folder: &Path| -> Vec<i64> {
        segments(folder)
            .iter()
            .map(|path| path.file_stem().unwrap().to_str().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(starts(folder.path()), [0, 3, 5]);
    let first =
        |log: &BusLog, from| frames(log, from).iter().map(|frame| frame.first_sequence).collect::<Vec<_>>();
    assert_eq!(first(&log, 0), [0, 2, 3, 4, 5]);

    // A segment goes once nothing of it is needed, and not before; the last one stays.
    log.forget_before(2).unwrap();
    assert_eq!(starts(folder.path()), [0, 3, 5]);
    log.forget_before(3).unwrap();
    assert_eq!(starts(folder.path()), [3, 5]);
    assert_eq!(first(&log, 0), [3, 4, 5]);
    drop(log);
    let log = BusLog::open(folder.path()).unwrap();
    assert_eq!((log.end(), first(&log, 4)), (7, vec![4, 5]));
    log.forget_before(7).unwrap();
    assert_eq!((starts(folder.path()), append(&log, &["f"])), (vec![5], 7));
    assert_eq!(first(&log, 0), [5, 7]);

    // A frame lost from the end of a segment that others follow is damage.
    fill(&log, 65 << 20);
    append(&log, &["g"]);
    let path = &segments(folder.path())[0];
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    let mut reader = log.read_from(0).unwrap();
    let error = loop {
        match reader.next_frame() {
            Ok(frame) => assert!(frame.is_some_and(|frame| frame.first_sequence < 8)),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains(&path.display().to_string()), "{error}");
}

#[test]
fn appends_of_many_threads_keep_their_order() {
    const THREADS: usize = 8;
    const EACH: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let log = BusLog::open(folder.path()).unwrap();
    let appended: Vec<Vec<(i64, Vec<String>)>> = thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let log = log.clone();
                scope.spawn(move || {
                    let mut own = Vec::new();
                    for n in 0..EACH {
                        let ids: Vec<String> = (0..=n % 3).map(|k| format!("{thread}-{n}-{k}")).collect();
                        let first = append(&log, &ids.iter().map(String::as_str).collect::<Vec<_>>());
                        own.push((first, ids));
                        // What was acknowledged can be read at once.
                        let last = own.last().unwrap();
                        assert_eq!(self::ids(&log, last.0).first(), Some(last));
                    }
                    own
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    for own in &appended {
        assert!(own.is_sorted(), "each thread's frames stand in the order in which it appended them");
    }
    let mut expected: Vec<_> = appended.into_iter().flatten().collect();
    expected.sort();
    assert_eq!(ids(&log, 0), expected);
    let mut next = 0;
    for (first, ids) in expected {
        assert_eq!(first, next, "no number is skipped or given twice");
        next += ids.len() as i64;
    }
    drop(log);
    assert_eq!(BusLog::open(folder.path()).unwrap().end(), next);
}

#[test]
fn a_crash_between_two_segments_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    three(folder.path());
    // The next segment was begun, and nothing came into it, or half a frame.
    for begun in [&b""[..], b"\x10\0\0\0\x20"] {
        let mut file = fs::File::create(folder.path().join(format!("{:020}.log", 6))).unwrap();
        file.write_all(begun).unwrap();
        let log = BusLog::open(folder.path()).unwrap();
        assert_eq!((log.end(), ids(&log, 0)), (6, expected()));
    }
    let log = BusLog::open(folder.path()).unwrap();
    assert_eq!((append(&log, &["g"]), ids(&log, 3).len()), (6, 2));
}
