//! The lake, objects, the quarantine and the configuration in buckets of S3.

use crate::other_client::{each, other_client};
use crate::{creatives, lake_store, quarantine};
use aws::{LakeBucket, LiveConfig, LiveCreatives, Objects, QuarantineBucket};
use campaign::CreativeStore;
use config::Files;
use event::{MINUTE, ObjectSource, Quarantine, QuarantineStore};
use lake::{LakeFile, LakeStore};
use rondo_tests::{Endpoint, fresh_name};
use std::io::{ErrorKind, Read};
use tokio::runtime::Handle;

#[test]
fn lakes() {
    each(|endpoint, aws| async move {
        let lake = LakeBucket::new(&aws, new_bucket(endpoint, "lake"));
        lake_store::suite(&lake).await;
        let missing = lake.open("events/dt=2026-01-01/none.parquet").await.unwrap_err().to_string();
        assert!(missing.contains("events/dt=2026-01-01/none.parquet: it is not there: restore"), "{missing}");
        let nowhere = LakeBucket::new(&aws, fresh_name("nowhere")).list("events/").await.unwrap_err();
        assert!(nowhere.to_string().contains("NoSuchBucket"), "{nowhere}");
        // More than one page of the list.
        let paths: Vec<String> = (0..1_003).map(|n| format!("many/{n:04}.json")).collect();
        for path in paths.iter().rev() {
            LakeStore::put(&lake, &LakeFile { path: path.clone(), bytes: b"{}".to_vec() }).await.unwrap();
        }
        assert_eq!(lake.list("many/").await.unwrap(), paths);
    });
}

#[test]
fn learned_creatives_reach_who_chooses_by_them() {
    each(|endpoint, aws| async move {
        let name = new_bucket(endpoint, "data");
        let store = LakeBucket::new(&aws, &name);
        let live = LiveCreatives::new(&aws, Some(name.clone()));
        let known = async |now: i64| creatives::messages(&*live.current(now).await);
        assert_eq!(known(0).await, 0, "before the first lesson all is left to chance");
        creatives::suite(&store).await;
        assert_eq!(known(10 * MINUTE - 1).await, 0, "it is looked after every ten minutes");
        assert_eq!(known(10 * MINUTE).await, 7);
        let kept = live.current(10 * MINUTE).await;
        let same = live.current(30 * MINUTE).await;
        assert!(std::sync::Arc::ptr_eq(&kept, &same), "the same is not read");
        // What is damaged keeps nobody from choosing, and is told to who would learn on.
        let damaged = LakeFile { path: "models/creatives".to_owned(), bytes: b"?".to_vec() };
        LakeStore::put(&store, &damaged).await.unwrap();
        assert_eq!(known(50 * MINUTE).await, 7);
        let error = store.load().await.unwrap_err().to_string();
        assert!(error.contains(&format!("s3://{name}/models/creatives is damaged: remove it")), "{error}");
        store.save(&creatives::lessons(9)).await.unwrap();
        assert_eq!(known(70 * MINUTE).await, 9);
        let chance = LiveCreatives::new(&aws, None);
        assert_eq!(creatives::messages(&*chance.current(0).await), 0);
    });
}

#[test]
fn objects_are_read_in_parts() {
    each(|endpoint, aws| async move {
        let bucket = new_bucket(endpoint, "inbox");
        // Numbers in a row: each place of the object has bytes of its own.
        let put = "import array\n\
            numbers = array.array('I', range(int(arguments[2])))\n\
            numbers.byteswap()\n\
            client('s3').put_object(Bucket=arguments[0], Key=arguments[1], Body=numbers.tobytes())";
        let count = 5_000_001_u32;
        let key = "in/春 shop+1%.ndjson";
        other_client(endpoint, put, &[&bucket, key, &count.to_string()]);
        let objects = Objects::new(&aws);
        let mut read = Vec::new();
        objects.open(&bucket, key).await.unwrap().read_to_end(&mut read).unwrap();
        assert!(read == Vec::from_iter((0..count).flat_map(u32::to_be_bytes)), "{} bytes", read.len());

        other_client(endpoint, put, &[&bucket, "empty", "0"]);
        read.clear();
        assert_eq!(objects.open(&bucket, "empty").await.unwrap().read_to_end(&mut read).unwrap(), 0);
        let missing = objects.open(&bucket, "none").await.err().unwrap();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        assert!(missing.to_string().contains(&format!("s3://{bucket}/none")), "{missing}");

        // Parts of two versions make no object.
        let mut reader = objects.open(&bucket, key).await.unwrap();
        other_client(endpoint, put, &[&bucket, key, "4000000"]);
        let error = reader.read_to_end(&mut read).unwrap_err();
        assert!(error.to_string().contains("was replaced"), "{error}");
    });
}

#[test]
fn quarantines() {
    each(|endpoint, aws| async move {
        let bucket = QuarantineBucket::new(&aws, new_bucket(endpoint, "quarantine"));
        let kept = || {
            let mut records = Vec::new();
            let each = bucket.each(|_, record| records.push(record));
            tokio::task::block_in_place(|| Handle::current().block_on(each)).unwrap();
            records.sort_by_key(|record| record.at);
            records
        };
        quarantine::suite(&bucket, kept).await;
        // Who comes later with the same record changes nothing of the first.
        let before = kept();
        let later: Vec<_> =
            before.iter().cloned().map(|record| event::Quarantined { at: 9, ..record }).collect();
        bucket.put(&later).await.unwrap();
        assert_eq!(kept(), before);
        let other = QuarantineBucket::new(&aws, new_bucket(endpoint, "quarantine"));
        quarantine::store(&other).await;
    });
}

#[test]
fn a_live_configuration_follows_its_bundle() {
    each(|endpoint, aws| async move {
        let (bucket, minute) = (new_bucket(endpoint, "config"), 60_000);
        let bundle = |settings: &str| {
            let mut files = Files::default();
            files.insert("settings.yaml", settings.to_owned());
            String::from_utf8(files.to_bundle()).unwrap()
        };
        let put = |text: &str| {
            let put =
                "client('s3').put_object(Bucket=arguments[0], Key='config.json', Body=arguments[1].encode())";
            other_client(endpoint, put, &[&bucket, text]);
        };
        let live: LiveConfig = LiveConfig::new(&aws, &bucket, "config.json");
        let missing = live.current(0).await.err().unwrap().to_string();
        assert!(missing.contains(&format!("s3://{bucket}/config.json: it is not there: put")), "{missing}");
        put(&bundle("name: First\ncurrency: Shells\n"));
        let mistaken = live.current(0).await.err().unwrap().to_string();
        assert!(mistaken.contains("settings.yaml:2:11: `Shells` is no currency"), "{mistaken}");

        let name = async |now: i64| live.current(now).await.unwrap().settings.name.clone();
        put(&bundle("name: First\n"));
        assert_eq!(name(0).await, "First");
        put(&bundle("name: Second\n"));
        assert_eq!(name(minute - 1).await, "First", "it is looked after once a minute");
        assert_eq!(name(minute).await, "Second");
        let second = live.current(minute).await.unwrap();
        assert!(
            std::sync::Arc::ptr_eq(&second, &live.current(3 * minute).await.unwrap()),
            "the same is not read"
        );
        // Neither mistakes, nor what is no bundle, nor nothing at all end what is in force.
        put(&bundle("name: Third\nlateness: soon\n"));
        assert_eq!(
            (name(5 * minute).await, name(7 * minute).await),
            ("Second".to_owned(), "Second".to_owned())
        );
        put("[");
        assert_eq!(name(9 * minute).await, "Second");
        other_client(
            endpoint,
            "client('s3').delete_object(Bucket=arguments[0], Key='config.json')",
            &[&bucket],
        );
        assert_eq!(name(11 * minute).await, "Second");
        put(&bundle("name: Fourth\n"));
        assert_eq!(name(13 * minute).await, "Fourth");
        // A clock that went back does not wait until it is there again.
        put(&bundle("name: Fifth\n"));
        assert_eq!(name(0).await, "Fifth");
    });
}

fn new_bucket(endpoint: &Endpoint, what: &str) -> String {
    let name = fresh_name(what);
    other_client(endpoint, "client('s3').create_bucket(Bucket=arguments[0])", &[&name]);
    name
}
