//! [`LakeStore`].

use lake::{EVENTS, EventFile, LakeFile, LakeStore, replay};

use crate::samples::event;

fn file(day: i32, first: i64, ids: &[&str]) -> LakeFile {
    let mut file = EventFile::new(day, "bus");
    for (sequence, id) in (first..).zip(ids) {
        file.push(sequence, 0, &event(id, 1));
    }
    file.finish().unwrap()
}

async fn ids<L: LakeStore>(store: &L, path: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let file = store.open(path).await.unwrap();
    replay(path, file, |archived| ids.push(archived.event.message_id.to_string())).unwrap();
    ids
}

pub async fn suite<L: LakeStore>(store: &L) {
    assert_eq!(store.list(EVENTS).await.unwrap(), Vec::<String>::new(), "a lake that is not there is empty");
    assert!(store.open("events/dt=2026-01-01/bus-0.parquet").await.is_err());
    let files = [file(20_454, 9, &["d"]), file(20_453, 0, &["a", "b"]), file(20_453, 2, &["c"])];
    for file in &files {
        store.put(file).await.unwrap();
    }
    store.put(&LakeFile { path: "models/latest.json".to_owned(), bytes: b"{}".to_vec() }).await.unwrap();
    let paths = [files[1].path.clone(), files[2].path.clone(), files[0].path.clone()];
    assert_eq!(store.list(EVENTS).await.unwrap(), paths, "in order, and of this table alone");
    assert_eq!(store.list("events/dt=2026-01-01/").await.unwrap(), [paths[2].clone()]);
    assert_eq!(store.list("event/").await.unwrap(), Vec::<String>::new());
    assert_eq!(ids(store, &paths[0]).await, ["a", "b"]);

    // A batch that is written again replaces itself, whatever is in it by now.
    let again = file(20_453, 0, &["a", "b", "x"]);
    assert_eq!(again.path, paths[0]);
    let reading = store.open(&paths[0]).await.unwrap();
    store.put(&again).await.unwrap();
    assert_eq!(store.list(EVENTS).await.unwrap(), paths);
    assert_eq!(ids(store, &paths[0]).await, ["a", "b", "x"]);
    // Who reads it meanwhile sees the whole of one or the other.
    let mut rows = 0;
    replay(&paths[0], reading, |_| rows += 1).unwrap();
    assert!(rows == 2 || rows == 3);
}
